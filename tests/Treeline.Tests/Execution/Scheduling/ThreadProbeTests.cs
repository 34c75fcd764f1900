using System.IO.Pipes;

namespace Treeline.Tests.Execution.Scheduling;

public sealed class ThreadProbeTests
{
    [Fact]
    public void A_thread_that_waits_is_seen_to_wait_and_one_that_computes_is_not()
    {
        using var end = new ManualResetEventSlim();
        bool stop = false;
        Look(end.Wait, end.Set, ThreadActivity.Waiting);
        Look(
            () =>
            {
                while (!Volatile.Read(ref stop))
                {
                    Thread.SpinWait(100);
                }
            },
            () => Volatile.Write(ref stop, true),
            OperatingSystem.IsLinux() ? ThreadActivity.Computing : ThreadActivity.Unknown);
    }

    [Fact]
    public void Waiting_in_a_system_call_is_waiting_where_the_kernel_tells()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
        Look(
            () => Assert.Equal(0, reader.Read(new byte[1])),
            pipe.Dispose,
            OperatingSystem.IsLinux() ? ThreadActivity.Waiting : ThreadActivity.Unknown);
    }

    [Fact]
    public void Of_a_thread_that_has_ended_nothing_is_known()
    {
        ThreadProbe? probe = null;
        var thread = new Thread(() => probe = new ThreadProbe());
        thread.Start();
        thread.Join();

        // The kernel may need a moment more than .NET.
        Assert.True(SpinWait.SpinUntil(() => probe!.Look() == ThreadActivity.Unknown, Cranks.Deadline));
    }

    private static void Look(Action occupation, Action end, ThreadActivity expected)
    {
        ThreadProbe? probe = null;
        var thread = new Thread(() =>
        {
            Volatile.Write(ref probe, new ThreadProbe());
            occupation();
        });
        thread.Start();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref probe) is not null, Cranks.Deadline));
        Assert.True(SpinWait.SpinUntil(() => probe!.Look() == expected, Cranks.Deadline));
        end();
        thread.Join();
    }
}
