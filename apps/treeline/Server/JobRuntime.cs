namespace Treeline.App.Server;

/// <summary>What the jobs of a server run on.</summary>
internal enum JobRuntime
{
    /// <summary>The .NET thread pool.</summary>
    Pool,

    /// <summary>A runtime of Treeline's, with threads of its own.</summary>
    Treeline,
}
