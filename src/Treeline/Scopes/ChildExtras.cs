namespace Treeline;

/// <summary>What most children never need, kept out of their objects. Owner: the lock of the child.</summary>
internal sealed class ChildExtras
{
    /// <summary>What is nested in the child; in use once the child says so.</summary>
    public Nest Nest;

    private List<IThreadPoolWorkItem>? _joiners;

    /// <summary>The name it was given.</summary>
    public string? Name { get; init; }

    /// <summary>The source of the task that ends as the child does, if anybody has asked for that.</summary>
    public object? Completion { get; set; }

    /// <summary>What selects wait for that wait for its end, if one ever did.</summary>
    public ChildEnd? End { get; set; }

    /// <summary>Fibers that await the child, after the first.</summary>
    public void AddJoiner(IThreadPoolWorkItem joiner) => (_joiners ??= []).Add(joiner);

    /// <summary>Called once, after the child has ended: no more are added. Those who wait in selects go on as well.</summary>
    public void ResumeJoiners()
    {
        if (_joiners is { } joiners)
        {
            _joiners = null;
            joiners.ForEach(ChildNode.Resume);
        }

        End?.Signal();
    }
}
