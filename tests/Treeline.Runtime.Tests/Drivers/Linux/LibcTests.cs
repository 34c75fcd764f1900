using Treeline.Drivers.Linux;

namespace Treeline.Tests.Drivers.Linux;

/// <summary>What the drivers rely on about the C library.</summary>
public sealed class LibcTests
{
    private const int Calls = 20_000;

    [Fact]
    public async Task The_error_of_a_call_is_the_calling_threads_own()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        int empty = Libc.EventDescriptor(0, Libc.NonBlocking | Libc.CloseOnExec);
        Task nothing = OnThread.RunAsync(() => Fail(empty, Errno.NotSocket));
        Task none = OnThread.RunAsync(() => Fail(-1, Errno.BadDescriptor));
        await nothing;
        await none;
        _ = Libc.Close(empty);
    }

    // A collection now and then: whatever the runtime does between the call and the look at its error must leave that alone.
    private static unsafe void Fail(int descriptor, Errno expected)
    {
        byte buffer;
        for (int call = 0; call < Calls; call++)
        {
            Assert.True(Libc.Receive(descriptor, &buffer, 1, 0) < 0);
            Assert.Equal(expected, Libc.LastError);
            if (call % 1000 == 0)
            {
                GC.Collect(0);
            }
        }
    }
}
