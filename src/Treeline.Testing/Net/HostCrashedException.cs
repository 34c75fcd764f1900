namespace Treeline.Testing;

/// <summary>What runs on a simulated host was ended by <see cref="SimHost.Crash"/>.</summary>
public sealed class HostCrashedException : Exception
{
    internal HostCrashedException(SimHost host, Exception? inner)
        : base(
            $"Host '{host.Name}' has crashed, and what ran on it has ended. Where the test wants that, catch this, or run the host's code "
            + "by KeepRunningAsync, which runs it again after Restart.",
            inner)
    {
        Host = host;
    }

    internal SimHost Host { get; }
}
