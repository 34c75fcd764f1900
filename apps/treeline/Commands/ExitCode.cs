namespace Treeline.App.Commands;

/// <summary>What this process ends with.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>It could not be done, and standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 2;

    /// <summary>The server stopped, but had to leave something running behind, which it named.</summary>
    public const int Abandoned = 3;
}
