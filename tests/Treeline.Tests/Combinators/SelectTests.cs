using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Treeline.Tests.Execution.Waiting;

namespace Treeline.Tests.Combinators;

public sealed class SelectTests : TreeTest
{
    private readonly Mailbox _one = new("one");
    private readonly Mailbox _other = new("other");
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task What_is_there_already_happens_at_once() => InTime(async () =>
    {
        _other.Send(7);
        ValueTask<string> wait = Either().WaitAsync();
        Assert.True(wait.IsCompleted);
        Assert.Equal("other 7", await wait);
        Assert.False(_one.HasWaiters);
        Assert.Empty(_other.Items);
    });

    [Fact]
    public Task What_happens_first_ends_the_wait_and_the_other_has_lost_nothing() => InTime(async () =>
    {
        ValueTask<string> wait = Either().WaitAsync();
        Assert.False(wait.IsCompleted);
        _one.Send(1);
        _other.Send(2);
        Assert.Equal("one 1", await wait);
        Assert.Equal([2], _other.Items);
        Assert.False(_one.HasWaiters);
        Assert.False(_other.HasWaiters);
    });

    [Fact]
    public Task Cancelled_first_nothing_has_happened() => InTime(async () =>
    {
        using var cancel = new CancellationTokenSource();
        Task<string> wait = Either().WaitAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        Assert.False(_one.HasWaiters);
        _one.Send(1);
        Assert.Equal([1], _one.Items);
    });

    [Fact]
    public Task A_token_cancelled_before_takes_nothing_that_is_there() => InTime(async () =>
    {
        _one.Send(1);
        ValueTask<string> wait = Either().WaitAsync(new CancellationToken(true));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        Assert.Equal([1], _one.Items);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task Of_what_is_always_there_chance_takes_each_often_and_a_biased_one_the_first(bool biased) => InTime(async () =>
    {
        Select<string> select = biased ? Either().Biased() : Either();
        for (int i = 0; i < 1_000; i++)
        {
            _one.Send(i);
            _other.Send(i);
        }

        int ones = 0;
        for (int i = 0; i < 1_000; i++)
        {
            ones += (await select.WaitAsync()).StartsWith("one", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.InRange(ones, biased ? 1_000 : 300, biased ? 1_000 : 700);
        Assert.Equal(1_000, _one.Items.Count + _other.Items.Count);
    });

    [Fact]
    public Task Many_wait_in_the_order_in_which_they_came() => InTime(async () =>
    {
        ValueTask<string>[] waits = [.. Enumerable.Range(0, 5).Select(_ => Either().WaitAsync())];
        for (int i = 0; i < 5; i++)
        {
            _one.Send(i);
        }

        for (int i = 0; i < 5; i++)
        {
            Assert.Equal($"one {i}", await waits[i]);
        }

        Assert.False(_other.HasWaiters);
    });

    [Fact]
    public Task It_can_be_waited_for_again_and_again() => InTime(async () =>
    {
        Select<string> select = Either();
        for (int i = 0; i < 10; i++)
        {
            ValueTask<string> wait = select.WaitAsync();
            (i % 2 == 0 ? _one : _other).Send(i);
            Assert.Equal($"{(i % 2 == 0 ? "one" : "other")} {i}", await wait);
        }
    });

    [Fact]
    public Task Its_waits_allocate_nothing() => InTime(async () =>
    {
        using var cancel = new CancellationTokenSource();
        int bytes = await TaskScope.RunAsync(async _ =>
        {
            Select<int> select = new Select<int>().On(_one.Case(), static item => item).On(_other.Case(), static item => item);
            int least = int.MaxValue;
            for (int round = 0; round < 20; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                int thread = Environment.CurrentManagedThreadId;
                for (int i = 0; i < 100; i++)
                {
                    ValueTask<int> wait = select.WaitAsync(cancel.Token);
                    _other.Send(i);
                    await wait;
                }

                if (thread == Environment.CurrentManagedThreadId)
                {
                    least = Math.Min(least, (int)(GC.GetAllocatedBytesForCurrentThread() - before));
                }
            }

            return least;
        });
        Assert.Equal(0, bytes);
    });

    [Fact]
    public Task A_handler_that_throws_throws_from_the_wait_and_the_select_can_be_used_again() => InTime(async () =>
    {
        Select<int> select = new Select<int>().On(_one.Case(), static item => item == 0 ? throw new OopsException("handler") : item);
        _one.Send(0);
        await Assert.ThrowsAsync<OopsException>(async () => await select.WaitAsync());
        _one.Send(1);
        Assert.Equal(1, await select.WaitAsync());
    });

    [Fact]
    public Task What_fails_throws_unless_it_is_closed_and_that_is_handled() => InTime(async () =>
    {
        Select<string> select = Either();
        Task<string> wait = select.WaitAsync().AsTask();
        _one.FailOne(new ChannelClosedException());
        await Assert.ThrowsAsync<ChannelClosedException>(() => wait);

        Select<string> handled = new Select<string>()
            .On(_one.Case(), static item => $"one {item}", static why => $"closed: {why.Message}");
        wait = handled.WaitAsync().AsTask();
        _one.FailOne(new ChannelClosedException("enough"));
        Assert.Equal("closed: enough", await wait);
    });

    [Fact]
    public Task Misuse_says_what_to_do() => InTime(async () =>
    {
        await Assert.ThrowsAsync<InvalidOperationException>(static async () => await new Select<int>().WaitAsync());
        Assert.Throws<ArgumentException>(static () => new Select<int>().On(default(SelectCase), static () => 0));
        Assert.Throws<ArgumentException>(static () => new Select<int>().On(default(SelectCase<int>), static item => item));
        Select<string> select = Either();
        Assert.Throws<ArgumentNullException>(() => select.On(_one.Case(), null!));
        ValueTask<string> wait = select.WaitAsync();
        Assert.Contains(
            "one for each",
            (await Assert.ThrowsAsync<InvalidOperationException>(async () => await select.WaitAsync())).Message);
        Assert.Throws<InvalidOperationException>(() => select.On(_one.Case(), static item => string.Empty));
        Assert.Throws<InvalidOperationException>(() => select.Biased());
        Assert.Throws<InvalidOperationException>(() => wait.GetAwaiter().GetResult()); // blocking
        _one.Send(1);
        Assert.Equal("one 1", await wait);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await wait); // twice
        _one.Send(2);
        Assert.Equal("one 2", await select.WaitAsync());
    });

    [Fact]
    public Task It_resumes_a_fiber_on_its_executor_and_plain_code_on_the_pool() => InTime(async () =>
    {
        var queue = new System.Collections.Concurrent.BlockingCollection<IThreadPoolWorkItem>();
        var executor = new ExecutorOf(queue.Add);
        var thread = new Thread(() =>
        {
            foreach (IThreadPoolWorkItem work in queue.GetConsumingEnumerable())
            {
                work.Execute();
            }
        });
        thread.Start();
        TaskCompletionSource waits = Signal();
        Task<int> on = TaskScope.RunAsync(
            async scope => await scope.Spawn(async _ =>
            {
                ValueTask<string> wait = Either().WaitAsync();
                waits.SetResult();
                await wait;
                return Environment.CurrentManagedThreadId;
            }),
            new ScopeOptions { Executor = executor });
        await waits.Task;
        _one.Send(1);
        Assert.Equal(thread.ManagedThreadId, await on);
        queue.CompleteAdding();
        thread.Join();
    });

    [Fact]
    public Task A_user_interface_gets_its_wait_back() => InTime(async () =>
    {
        using var ui = new UserInterface();
        bool back = false;
        await ui.InvokeAsync(async () =>
        {
            ValueTask<string> wait = Either().WaitAsync();
            _ = Task.Run(() => _one.Send(1));
            await wait;
            back = ui.IsCurrent;
        });
        Assert.True(back);
    });

    [Fact]
    public Task The_first_of_several_times_comes() => InTime(async () =>
    {
        Select<string> select = Either()
            .On(new SelectCase(new After(_clock, 20)), static () => "20")
            .On(new SelectCase(new After(_clock, 10)), static () => "10");
        ValueTask<string> wait = select.WaitAsync();
        Assert.Equal(1, _clock.Pending);
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(wait.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("10", await wait);
        Assert.Equal(0, _clock.Pending);
        Assert.False(_one.HasWaiters);

        wait = select.WaitAsync();
        _one.Send(1);
        Assert.Equal("one 1", await wait);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task A_time_that_has_come_takes_its_turn_among_what_is_always_there() => InTime(async () =>
    {
        Select<string> select = new Select<string>()
            .On(_one.Case(), static _ => "one")
            .On(new SelectCase(new After(_clock, 0)), static () => "time");
        var happened = new Dictionary<string, int> { ["one"] = 0, ["time"] = 0 };
        for (int i = 0; i < 1_000; i++)
        {
            _one.Send(i);
            happened[await select.WaitAsync()]++;
        }

        Assert.InRange(happened["time"], 300, 700);
        Assert.Equal(happened["time"], _one.Items.Count);
    });

    [Fact]
    public void Times_on_two_clocks_are_refused() => Assert.Throws<ArgumentException>(() => new Select<int>()
        .On(new SelectCase(new After(_clock, 1)), static () => 1)
        .On(new SelectCase(new After(new ManualTimeProvider(), 1)), static () => 2));

    [Fact]
    public Task A_clock_that_throws_throws_from_the_wait_and_nothing_is_left() => InTime(async () =>
    {
        Select<string> select = Either().Biased().On(new SelectCase(new After(_clock, -1)), static () => "never");
        await Assert.ThrowsAsync<OopsException>(async () => await select.WaitAsync());
        Assert.False(_one.HasWaiters);
        _one.Send(1);
        Assert.Equal("one 1", await select.WaitAsync());
    });

    [Fact]
    public Task The_cancellation_of_a_token_is_one_of_the_things() => InTime(async () =>
    {
        using var cancel = new CancellationTokenSource();
        SelectCase stop = SelectCase.Cancelled(cancel.Token);
        Select<string> select = Either().On(stop, static () => "stop");
        ValueTask<string> wait = select.WaitAsync();
        _one.Send(1);
        Assert.Equal("one 1", await wait);
        wait = select.WaitAsync();
        ValueTask<string> second = Either().On(stop, static () => "stop").WaitAsync();
        await cancel.CancelAsync();
        Assert.Equal("stop", await wait);
        Assert.Equal("stop", await second);
        Assert.Equal("stop", await select.WaitAsync());
        Assert.False(_one.HasWaiters);
    });

    [Fact]
    public Task A_token_that_outlives_it_does_not_hold_it() => InTime(async () =>
    {
        using var cancel = new CancellationTokenSource();
        WeakReference used = await UseOne(cancel.Token);
        for (int i = 0; used.IsAlive && i < 10; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield(); // off the stack on which it ended
        }

        Assert.False(used.IsAlive);
        GC.KeepAlive(cancel);
    });

    [Fact]
    public Task The_end_of_a_child_is_one_of_the_things() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        TaskCompletionSource<int> end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ChildTask<int> child = scope.Spawn(_ => end.Task);
        Select<string> select = Either().On(child.JoinCase(), static value => $"child {value}");
        ValueTask<string> wait = select.WaitAsync();
        _one.Send(1);
        Assert.Equal("one 1", await wait);
        wait = select.WaitAsync();
        ValueTask<string> second = new Select<string>().On(((ChildTask)child).JoinCase(), static () => "ended").WaitAsync();
        end.SetResult(7);
        Assert.Equal("child 7", await wait);
        Assert.Equal("ended", await second);
        Assert.Equal("child 7", await select.WaitAsync());
        Assert.Equal("ended", await new Select<string>().On(((ChildTask)child).JoinCase(), static () => "ended").WaitAsync());
        Assert.Equal(7, await child);
    }));

    [Fact]
    public Task A_child_that_fails_throws_what_it_failed_with() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            ChildTask child = scope.Spawn(static _ => Task.FromException(new OopsException("child")));
            Task<string> wait = Either().On(child.JoinCase(), static () => "ended").WaitAsync().AsTask();
            Assert.Equal("child", (await Assert.ThrowsAsync<OopsException>(() => wait)).Message);
            Assert.False(_one.HasWaiters);
        },
        new ScopeOptions { OnFailure = FailurePolicy.Supervise }));

    [Fact]
    public Task A_wait_says_what_it_waits_for() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        Select<string> select = Either().On(SelectCase.Cancelled(scope.StoppingToken), static () => "stop");
        Assert.Equal("the first of: one, other, cancellation", select.ToString());
        ChildTask child = scope.Spawn(async ct => await select.WaitAsync(ct), "selecting");
        await Until(() => Find("selecting").WaitsOn is not null);
        Assert.Equal(select.ToString(), Find("selecting").WaitsOn);
        _one.Send(1);
        await child;
    }));

    [Fact]
    public Task Whatever_cancels_or_sends_nothing_is_lost_or_given_twice() => InTime(async () =>
    {
        const int Items = 20_000;
        int seed = Environment.TickCount;
        var received = new int[Items];
        Mailbox[] boxes = [_one, _other, new("third")];
        using var all = new CancellationTokenSource();
        Task[] selecting = [.. Enumerable.Range(0, 3).Select(index => Task.Run(async () =>
        {
            var random = new Random(seed + index);
            Select<int> select = boxes.Aggregate(new Select<int>(), static (sum, box) => sum.On(box.Case(), static item => item));
            while (!all.IsCancellationRequested)
            {
                using var cancel = CancellationTokenSource.CreateLinkedTokenSource(all.Token);
                ValueTask<int> wait = select.WaitAsync(cancel.Token);
                Task cancelling = random.Next(3) == 0 ? Task.Run(cancel.Cancel) : Task.CompletedTask;
                try
                {
                    Interlocked.Increment(ref received[await wait]);
                }
                catch (OperationCanceledException)
                {
                }

                await cancelling;
            }
        }))];
        await Task.WhenAll(Enumerable.Range(0, 2).Select(half => Task.Run(() =>
        {
            var random = new Random(seed - 1 - half);
            for (int i = half; i < Items; i += 2)
            {
                boxes[random.Next(3)].Send(i);
            }
        })));
        await all.CancelAsync();
        await Task.WhenAll(selecting);
        foreach (int item in boxes.SelectMany(static box => box.Items))
        {
            received[item]++;
        }

        Assert.True(Array.TrueForAll(received, static times => times == 1), $"seed {seed}");
        Assert.All(boxes, static box => Assert.False(box.HasWaiters));
    });

    private Select<string> Either() => new Select<string>()
        .On(_one.Case(), static item => $"one {item}")
        .On(_other.Case(), static item => $"other {item}");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<WeakReference> UseOne(CancellationToken token)
    {
        Select<string> select = Either().On(SelectCase.Cancelled(token), static () => "stop");
        ValueTask<string> wait = select.WaitAsync();
        _one.Send(1);
        await wait;
        return new WeakReference(select);
    }

    /// <summary>So many seconds after the wait began; a negative number is a clock that fails.</summary>
    private sealed class After(TimeProvider clock, int seconds) : ISelectTimer
    {
        private bool _failed;

        public TimeProvider Clock => clock;

        public TimeSpan Left(long now)
        {
            if (seconds < 0 && !_failed)
            {
                _failed = true;
                throw new OopsException("clock");
            }

            return seconds < 0 ? TimeSpan.FromDays(1) : TimeSpan.FromSeconds(seconds);
        }

        public void Take()
        {
        }
    }
}
