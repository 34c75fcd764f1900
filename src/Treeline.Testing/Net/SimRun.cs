namespace Treeline.Testing;

/// <summary>One body that runs on a host: the scope around it is noted there.</summary>
internal sealed class SimRun(SimLife life)
{
    private TaskScope? _scope;

    public TaskScope Enter(TaskScope scope)
    {
        _scope = scope;
        life.Enter(scope);
        return scope;
    }

    public void Leave()
    {
        if (_scope is not null)
        {
            life.Leave(_scope);
        }
    }
}
