using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>The future that the guide shows (docs/futures.md), as written there.</summary>
public sealed class TimerFutureTests : TreeTest
{
    [Fact]
    public Task It_ends_when_its_time_has_come() => InTime(async () =>
    {
        await new TimerFuture(TimeSpan.FromMilliseconds(1));
        await new TimerFuture(TimeSpan.Zero);
        await Future.Join(new TimerFuture(TimeSpan.FromMilliseconds(2)), new TimerFuture(TimeSpan.FromMilliseconds(1)));
        (int index, ValueTuple _) = await Future.Select(new TimerFuture(TimeSpan.FromDays(1)), new TimerFuture(TimeSpan.FromMilliseconds(1)));
        Assert.Equal(1, index);
    });

    [Fact]
    public Task Cancelled_it_is_dropped() => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        ValueTask<ValueTuple> wait = new TimerFuture(TimeSpan.FromDays(1)).AsValueTask(source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
    });

    private sealed class TimerFuture(TimeSpan due) : IFuture<ValueTuple>, IDisposable
    {
        private readonly Lock _lock = new();
        private Timer? _timer;
        private Waker _waker;
        private bool _isOver;

        public Poll<ValueTuple> Poll(ref Context context)
        {
            lock (_lock)
            {
                if (_isOver)
                {
                    return Poll<ValueTuple>.Ready(default);
                }

                _waker = context.Waker;   // that of the last poll is the one that counts
                _timer ??= new Timer(_ => Fire(), null, due, Timeout.InfiniteTimeSpan);
                return Poll<ValueTuple>.Pending;
            }
        }

        public void Dispose() => _timer?.Dispose();

        private void Fire()
        {
            Waker waker;
            lock (_lock)
            {
                _isOver = true;
                waker = _waker;
            }

            waker.Wake();   // outside the lock: whoever is woken may take locks too
        }
    }
}
