namespace Treeline;

/// <summary>What a node is called and where it was created; all of it constants of the calling code.</summary>
/// <param name="Name">The name it was given; null: the place serves as the name.</param>
/// <param name="File">The source file, as the compiler wrote it down.</param>
/// <param name="Line">The line in it.</param>
internal readonly record struct CallSite(string? Name, string File, int Line);
