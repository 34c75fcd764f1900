using Treeline.Drivers;
using Treeline.Net;

namespace Treeline.Tests;

/// <summary>A driver that has what a test says.</summary>
internal sealed class ScriptedDriver : Driver
{
    private readonly AutoResetEvent _wake = new(false);

    /// <summary>What a wait does, given the milliseconds; by default it waits to be woken.</summary>
    public Func<int, bool>? OnWait { get; set; }

    public int Waits { get; private set; }

    public int Dispatches { get; private set; }

    public int Wakes { get; private set; }

    public override string Name => "scripted";

    public override Network Network => throw new NotSupportedException();

    public override bool Wait(int milliseconds)
    {
        Waits++;
        if (OnWait is { } script)
        {
            return script(milliseconds);
        }

        _wake.WaitOne(milliseconds);
        return false;
    }

    public override void Dispatch() => Dispatches++;

    public override void Wake()
    {
        Wakes++;
        _wake.Set();
    }

    public override void Dispose() => _wake.Dispose();
}
