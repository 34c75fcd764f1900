namespace Treeline.Tests.Stress.Model;

/// <summary>One step of code: a pause, and then what the step is about. By itself only the pause.</summary>
internal record Step
{
    /// <summary>How long; null: for ever.</summary>
    public long? Pause { get; init; }

    public Listens Listens { get; init; }

    /// <summary>It pauses in a task of .NET's, not in a wait of Treeline's.</summary>
    public bool Foreign { get; init; }

    /// <summary>Spawns a child.</summary>
    /// <param name="Child">The child.</param>
    /// <param name="Into">The number of the scope, one of those around the code.</param>
    internal sealed record Spawn(ChildSpec Child, int Into) : Step;

    /// <summary>Runs a scope.</summary>
    internal sealed record Nest(ScopeSpec Scope, Handling Handling, int ErrorId) : Step;

    /// <summary>Opens a scope by hand, with children.</summary>
    internal sealed record Open(ScopeSpec Scope, List<ChildSpec> Children) : Step;

    /// <summary>Joins or disposes a scope that this code has opened; if it has not, does nothing.</summary>
    internal sealed record Close(int Scope, bool Join, Handling Handling, int ErrorId) : Step;

    /// <summary>Awaits a child that this code has spawned; if it has not, does nothing.</summary>
    internal sealed record Await(int Child, bool AsTask, Handling Handling, int ErrorId) : Step;

    /// <summary>Throws.</summary>
    /// <param name="ErrorId">Which error.</param>
    /// <param name="Cancellation">An <see cref="OperationCanceledException"/> that has nothing to do with any scope.</param>
    internal sealed record Fail(int ErrorId, bool Cancellation) : Step;

    /// <summary>Does something to a scope.</summary>
    internal sealed record Act(Deed Deed) : Step;

    /// <summary>Waits in a cancel scope of its own with a deadline, and goes on whichever way that ends.</summary>
    internal sealed record Limit(long Work, long Limited, bool Shield) : Step;

    /// <summary>Writes down the deadline in force.</summary>
    internal sealed record ReadDeadline : Step;
}
