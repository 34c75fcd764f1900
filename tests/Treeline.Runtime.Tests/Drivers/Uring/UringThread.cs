using Treeline.Drivers.Uring;

namespace Treeline.Tests.Drivers.Uring;

/// <summary>A driver with a thread that does nothing but wait in it: so everything is asked for from other threads.</summary>
internal sealed class UringThread : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _ends;

    public UringThread(int submissions = 256, int completions = 1024, int firstBuffers = 64, int mostBuffers = 1024)
    {
        Assert.True(
            UringDriver.TryCreate(submissions, completions, firstBuffers, mostBuffers, out UringDriver? driver, out string? obstacle),
            obstacle);
        Driver = driver;
        var attached = new ManualResetEventSlim();
        _thread = new Thread(() =>
        {
            Driver.Attach();
            attached.Set();
            while (!_ends)
            {
                if (Driver.Wait(-1))
                {
                    Driver.Dispatch();
                }
            }

            Driver.Detach();
        })
        {
            IsBackground = true,
            Name = "io_uring",
        };
        _thread.Start();
        attached.Wait();
    }

    public UringDriver Driver { get; }

    /// <summary>Whether these tests can run here; where not, the runtime takes epoll, which has tests of its own.</summary>
    public static bool IsThere { get; } = Probe();

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
}
