using Treeline.Net;

namespace Treeline.Testing;

/// <summary>A host from a start to a crash: what it sees of the network, and what runs on it.</summary>
/// <remarks><b>Protocol.</b> Everything belongs to <c>_gate</c>, but that it is over is also read without it; it happens once.</remarks>
internal sealed class SimLife
{
    private readonly Lock _gate = new();
    private readonly List<TaskScope> _scopes = [];
    private volatile bool _isOver;

    public SimLife(SimHost host) => Network = new SimHostNetwork(host, this);

    /// <summary>What code of it finds in place of the real network.</summary>
    public Network Network { get; }

    /// <summary>Whether the host has crashed.</summary>
    public bool IsOver => _isOver;

    /// <summary>Notes a scope that runs on the host.</summary>
    public void Enter(TaskScope scope)
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                _scopes.Add(scope);
                return;
            }
        }

        Cancel(scope);
    }

    /// <summary>The scope has ended.</summary>
    public void Leave(TaskScope scope)
    {
        lock (_gate)
        {
            _scopes.Remove(scope);
        }
    }

    /// <summary>From now on nothing that belongs to it reaches the network.</summary>
    public void BeOver() => _isOver = true;

    /// <summary>Ends what runs, after <see cref="BeOver"/>.</summary>
    public void CancelAll()
    {
        TaskScope[] scopes;
        lock (_gate)
        {
            scopes = [.. _scopes];
        }

        foreach (TaskScope scope in scopes)
        {
            Cancel(scope);
        }
    }

    private static void Cancel(TaskScope scope) => scope.Cancel("the simulated host has crashed");
}
