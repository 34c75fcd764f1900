// Waits are looked at before they are awaited.
#pragma warning disable CA2012

using System.Globalization;
using System.Runtime.InteropServices;

namespace Treeline.Tests.Signals;

/// <summary>
/// Real signals to this process. Those that end a process that does not listen are only sent while somebody surely does; where that is
/// open, the signal is one that does nothing by itself.
/// </summary>
public sealed class SignalsTests : TreeTest
{
    private const int SigUsr1 = 10;
    private const int SigWinch = 28;

    [Theory]
    [InlineData(PosixSignal.SIGINT, 2)]
    [InlineData(PosixSignal.SIGTERM, 15)]
    [InlineData(PosixSignal.SIGQUIT, 3)]
    [InlineData((PosixSignal)SigUsr1, SigUsr1)]
    public Task A_signal_is_waited_for_and_the_process_lives_on(PosixSignal signal, int number) => InTime(async () =>
    {
        using SignalSubscription listens = Treeline.Signals.Subscribe(signal); // beyond the wait, should the signal come twice
        ValueTask wait = Treeline.Signals.WaitAsync(signal);
        Assert.False(wait.IsCompleted);
        Send(number);
        await wait;
        await listens.ReceivedAsync();
    });

    [Fact]
    public Task Ctrl_C_is_SIGINT() => InTime(async () =>
    {
        using SignalSubscription listens = Treeline.Signals.Subscribe(PosixSignal.SIGINT);
        ValueTask wait = Treeline.Signals.CtrlCAsync();
        Send(2);
        await wait;
    });

    [Fact]
    public Task A_cancelled_wait_stops_listening() => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        Assert.True(Treeline.Signals.WaitAsync((PosixSignal)SigUsr1, new CancellationToken(true)).IsCanceled);
        Assert.False(IsCaught(SigUsr1));
        ValueTask wait = Treeline.Signals.WaitAsync((PosixSignal)SigUsr1, source.Token);
        Assert.True(IsCaught(SigUsr1));
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        Assert.False(IsCaught(SigUsr1));
    });

    [Fact]
    public Task What_a_signal_does_by_itself_is_held_back_only_while_somebody_listens() => InTime(async () =>
    {
        Assert.False(IsCaught(SigUsr1));
        SignalSubscription first = Treeline.Signals.Subscribe((PosixSignal)SigUsr1);
        SignalSubscription second = Treeline.Signals.Subscribe((PosixSignal)SigUsr1);
        Assert.True(IsCaught(SigUsr1));
        first.Dispose();
        Assert.True(IsCaught(SigUsr1));
        Send(SigUsr1);
        await second.ReceivedAsync();
        second.Dispose();
        Assert.False(IsCaught(SigUsr1));
    });

    [Fact]
    public void A_signal_that_cannot_be_caught_is_refused_at_once()
    {
        const PosixSignal Kill = (PosixSignal)9;
        Assert.ThrowsAny<Exception>(() => Treeline.Signals.Subscribe(Kill));
        Assert.ThrowsAny<Exception>(() => { _ = Treeline.Signals.WaitAsync(Kill); });
    }

    [Fact]
    public Task No_signal_is_lost_between_two_waits() => InTime(async () =>
    {
        using SignalSubscription subscription = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        for (int i = 0; i < 20; i++)
        {
            Send(SigWinch);
            await subscription.ReceivedAsync();
        }
    });

    [Fact]
    public Task Signals_that_nobody_takes_are_one() => InTime(async () =>
    {
        using SignalSubscription subscription = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        for (int i = 0; i < 3; i++)
        {
            var context = new PosixSignalContext((PosixSignal)SigWinch);
            subscription.Receive(context);
            Assert.True(context.Cancel);
        }

        await subscription.ReceivedAsync();
        ValueTask next = subscription.ReceivedAsync();
        Assert.False(next.IsCompleted);
        subscription.Receive(new PosixSignalContext((PosixSignal)SigWinch));
        await next;
    });

    [Fact]
    public Task Several_who_wait_get_one_each_in_turn() => InTime(async () =>
    {
        using SignalSubscription subscription = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        ValueTask first = subscription.ReceivedAsync();
        ValueTask second = subscription.ReceivedAsync();
        subscription.Receive(new PosixSignalContext((PosixSignal)SigWinch));
        await first;
        Assert.False(second.IsCompleted);
        subscription.Receive(new PosixSignalContext((PosixSignal)SigWinch));
        await second;
    });

    [Fact]
    public Task Each_subscription_gets_each_signal() => InTime(async () =>
    {
        using SignalSubscription first = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        using SignalSubscription second = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        Send(SigWinch);
        await first.ReceivedAsync();
        await second.ReceivedAsync();
    });

    [Fact]
    public Task A_cancelled_wait_took_no_signal() => InTime(async () =>
    {
        using SignalSubscription subscription = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        using var source = new CancellationTokenSource();
        ValueTask wait = subscription.ReceivedAsync(source.Token);
        Assert.False(wait.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        Send(SigWinch);
        await subscription.ReceivedAsync();
    });

    [Fact]
    public Task Signalled_and_cancelled_at_once_the_signal_is_taken_or_stays() => InTime(async () =>
    {
        using SignalSubscription subscription = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        for (int round = 0; round < 200; round++)
        {
            using var source = new CancellationTokenSource();
            ValueTask wait = subscription.ReceivedAsync(source.Token);
            Task cancelling = Task.Run(source.Cancel);
            Send(SigWinch);
            try
            {
                await wait;
            }
            catch (OperationCanceledException)
            {
                await subscription.ReceivedAsync();
            }

            await cancelling;
        }
    });

    [Fact]
    public Task A_signal_is_a_case_of_a_select() => InTime(async () =>
    {
        using SignalSubscription subscription = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        var notify = new Notify();
        Select<string> select = new Select<string>()
            .On(subscription.ReceivedCase(), static () => "signal")
            .On(notify.NotifiedCase(), static () => "notified");
        ValueTask<string> wait = select.WaitAsync();
        notify.NotifyOne();
        Assert.Equal("notified", await wait);
        wait = select.WaitAsync();
        Send(SigWinch);
        Assert.Equal("signal", await wait);
        subscription.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await select.WaitAsync());
    });

    [Fact]
    public Task Who_waits_when_it_is_disposed_is_told() => InTime(async () =>
    {
        SignalSubscription subscription = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        ValueTask wait = subscription.ReceivedAsync();
        subscription.Dispose();
        subscription.Dispose();
        var error = await Assert.ThrowsAsync<ObjectDisposedException>(async () => await wait);
        Assert.Contains("signal", error.Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => { _ = subscription.ReceivedAsync(); });
    });

    [Fact]
    public Task The_tree_shows_what_is_waited_for_and_who_waits_goes_on_where_it_ran() => InTime(async () =>
    {
        using SignalSubscription subscription = Treeline.Signals.Subscribe((PosixSignal)SigWinch);
        await TaskScope.RunAsync(async scope =>
        {
            using var thread = new DedicatedThread();
            bool isHome = false;
            await TaskScope.RunAsync(
                async inner =>
                {
                    ChildTask child = inner.Spawn(
                        async _ =>
                        {
                            await subscription.ReceivedAsync();
                            isHome = thread.IsCurrent;
                        },
                        "resizer");
                    await Until(() => Find("resizer").WaitsOn?.Contains("signal", StringComparison.Ordinal) == true);
                    Send(SigWinch);
                    await child;
                },
                new ScopeOptions { Executor = thread });
            Assert.True(isHome);
        });
    });

    private static void Send(int signal)
    {
        // .NET leaves ignored what the process was told to ignore when it began.
        Assert.True(
            (Mask("SigIgn:") & (1L << (signal - 1))) == 0 || signal == SigWinch,
            $"This process inherited an ignored signal {signal}, as from the background of a shell. ./test starts it without.");
        Assert.Equal(0, Kill(Environment.ProcessId, signal));
    }

    private static bool IsCaught(int signal) => (Mask("SigCgt:") & (1L << (signal - 1))) != 0;

    private static long Mask(string name)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(name.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
