namespace Treeline.Tests.Combinators;

public sealed class TurnTests : TreeTest
{
    [Fact]
    public Task One_has_the_turn_and_the_next_gets_it_when_it_is_left() => InTime(async () =>
    {
        var turn = new Turn("a turn");
        Assert.True(turn.TryEnter());
        Assert.False(turn.TryEnter());
        Task waiting = WaitAsync(turn, default);
        Assert.False(waiting.IsCompleted);
        turn.Leave();
        await waiting;
        Assert.True(turn.TryEnter());
        turn.Leave();
    });

    [Fact]
    public Task A_wait_that_is_cancelled_takes_nothing_and_the_next_is_woken() => InTime(async () =>
    {
        var turn = new Turn("a turn");
        using var cancel = new CancellationTokenSource();
        Assert.True(turn.TryEnter());
        Task first = WaitAsync(turn, cancel.Token);
        Task second = WaitAsync(turn, default);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(second.IsCompleted);
        turn.Leave();
        await second;
    });

    [Fact]
    public Task Under_stress_one_is_in_at_a_time_and_nobody_waits_for_ever() => InTime(async () =>
    {
        var turn = new Turn("a turn");
        int inside = 0;
        int total = 0;
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 8; i++)
            {
                scope.Spawn(async ct =>
                {
                    for (int round = 0; round < 2_000; round++)
                    {
                        while (!turn.TryEnter())
                        {
                            await turn.Wait(ct);
                        }

                        Assert.Equal(1, Interlocked.Increment(ref inside));
                        if (round % 10 == 0)
                        {
                            await Fiber.Yield();
                        }

                        total++;
                        Interlocked.Decrement(ref inside);
                        turn.Leave();
                    }
                });
            }
        });
        Assert.Equal(16_000, total);
    });

    private static async Task WaitAsync(Turn turn, CancellationToken cancellationToken) => await turn.Wait(cancellationToken);
}
