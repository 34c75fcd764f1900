namespace Treeline;

/// <summary>Which threads a runtime has.</summary>
internal enum RuntimeShape
{
    /// <summary>Several workers that share their work and one driver.</summary>
    MultiThread,

    /// <summary>One worker, on the thread that blocks on the runtime.</summary>
    CurrentThread,

    /// <summary>Several workers that share nothing, each with a driver of its own and bound to a processor.</summary>
    ThreadPerCore,
}
