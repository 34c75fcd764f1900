using System.Collections.Concurrent;
using Treeline.Drivers.Uring;

namespace Treeline.Tests.Drivers.Uring;

/// <summary>A driver with a thread that does nothing but wait in it: so everything is asked for from other threads.</summary>
internal sealed class UringThread : IDisposable
{
    private readonly Thread _thread;
    private readonly ConcurrentQueue<Action> _actions = new();
    private readonly bool _detaches;
    private volatile bool _ends;
    private int _overflows;

    public UringThread(
        int submissions = 256, int completions = 1024, int firstBuffers = 64, int mostBuffers = 1024, bool detaches = true)
    {
        Assert.True(
            UringDriver.TryCreate(submissions, completions, firstBuffers, mostBuffers, out UringDriver? driver, out string? obstacle),
            obstacle);
        Driver = driver;
        _detaches = detaches;
        _thread = new Thread(Drive)
        {
            IsBackground = true,
            Name = "io_uring",
        };
        using var attached = new ManualResetEventSlim();
        Run(attached.Set);
        _thread.Start();
        Assert.True(attached.Wait(TimeSpan.FromSeconds(20)));
    }

    /// <summary>Whether these tests can run here; where not, the runtime takes epoll, which has tests of its own.</summary>
    public static bool IsThere { get; } = Probe();

    public UringDriver Driver { get; }

    /// <summary>How often completions had no room.</summary>
    public int Overflows => Volatile.Read(ref _overflows);

    /// <summary>Keeps the thread from waiting until what this returns is set.</summary>
    public ManualResetEventSlim Hold()
    {
        var held = new ManualResetEventSlim();
        var released = new ManualResetEventSlim();
        Run(() =>
        {
            held.Set();
            released.Wait();
        });
        Driver.Wake();
        Assert.True(held.Wait(TimeSpan.FromSeconds(20)));
        return released;
    }

    public void Dispose()
    {
        _ends = true;
        Driver.Wake();
        Assert.True(_thread.Join(TimeSpan.FromSeconds(20)), "The driver did not end.");
        Driver.Dispose();
    }

    private static bool Probe()
    {
        if (!UringDriver.TryCreate(out UringDriver? driver, out _))
        {
            return false;
        }

        driver.Dispose();
        return true;
    }

    private void Run(Action action) => _actions.Enqueue(action);

    private void Drive()
    {
        Driver.Attach();
        while (!_ends)
        {
            while (_actions.TryDequeue(out Action? action))
            {
                action();
            }

            bool came = Driver.Wait(-1);
            if (Driver.Ring.IsOverflown)
            {
                Interlocked.Increment(ref _overflows);
            }

            if (came)
            {
                Driver.Dispatch();
            }
        }

        if (_detaches)
        {
            Driver.Detach();
        }
    }
}
