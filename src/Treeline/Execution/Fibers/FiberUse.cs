namespace Treeline;

/// <summary>What a fiber was claimed for: it decides who hears of its end, and when its object is used again.</summary>
internal enum FiberUse : byte
{
    /// <summary>Nobody has claimed it; none of it has run.</summary>
    Cold,

    /// <summary>Another fiber awaits it, and takes its result.</summary>
    Awaited,

    /// <summary>It has ended; the fiber that awaits it has not taken its result yet.</summary>
    Ended,

    /// <summary>It is a child of a scope.</summary>
    Child,

    /// <summary>It is a child of a scope, and its own code has ended.</summary>
    ChildEnded,

    /// <summary>It is the body of a scope, which takes its result when all in the scope has ended.</summary>
    Body,

    /// <summary>Its end is a task's.</summary>
    Task,

    /// <summary>An async method of another kind awaits it, and takes its result.</summary>
    AwaitedByPlain,
}
