namespace Treeline.Testing.Tests.Scheduling;

/// <summary>Selects in a thousand orders: what is sent is received once, whatever is cancelled or lost meanwhile.</summary>
public sealed class SelectSchedules
{
    private const int Seeds = 1_000;
    private const int Items = 6;

    [Fact]
    public void No_item_is_lost_or_given_twice() => Deterministic.Explore(Seeds, async simulation =>
    {
        var (toOne, one) = Mpsc.Bounded<int>(1);
        var (toOther, other) = Mpsc.Bounded<int>(2);
        var received = new List<int>();
        using var enough = new CancellationTokenSource();
        await TaskScope.RunAsync(async scope =>
        {
            foreach ((MpscSender<int> sender, int first) in new[] { (toOne, 0), (toOther, Items) })
            {
                scope.Spawn(async ct =>
                {
                    using (sender)
                    {
                        for (int i = 0; i < Items; i++)
                        {
                            await sender.SendAsync(first + i, ct);
                        }
                    }
                });
            }

            for (int i = 0; i < 2; i++)
            {
                scope.Spawn(async ct =>
                {
                    var closed = new HashSet<int>();
                    var next = new Select<int>()
                        .On(one.ReceiveCase(), static item => item, _ => -1)
                        .On(other.ReceiveCase(), static item => item, _ => -2);
                    while (closed.Count < 2)
                    {
                        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(ct);
                        ValueTask<int> wait = next.WaitAsync(cancel.Token);
                        if (simulation.Random.Next(3) == 0)
                        {
                            await Fiber.Yield();
                            await cancel.CancelAsync();
                        }

                        try
                        {
                            int item = await wait;
                            if (item < 0)
                            {
                                closed.Add(item);
                            }
                            else
                            {
                                received.Add(item);
                            }
                        }
                        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
                        {
                        }
                    }
                });
            }
        });
        await foreach (int left in one)
        {
            received.Add(left);
        }

        await foreach (int left in other)
        {
            received.Add(left);
        }

        Assert.Equal(Enumerable.Range(0, 2 * Items), received.Order());
    });

    [Fact]
    public void What_is_sent_by_a_select_is_sent_once_or_not() => Deterministic.Explore(Seeds, async simulation =>
    {
        var (sender, receiver) = Mpsc.Bounded<int>(1);
        var (otherSender, other) = Mpsc.Bounded<int>(1);
        var sent = new List<int>();
        var received = new List<int>();
        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async ct =>
            {
                using (sender)
                using (otherSender)
                {
                    for (int i = 0; i < Items; i++)
                    {
                        sent.Add(await new Select<int>()
                            .On(sender.SendCase(i), () => i)
                            .On(otherSender.SendCase(Items + i), () => Items + i)
                            .WaitAsync(ct));
                    }
                }
            });
            foreach (MpscReceiver<int> each in new[] { receiver, other })
            {
                scope.Spawn(async ct =>
                {
                    await foreach (int item in each.WithCancellation(ct))
                    {
                        received.Add(item);
                        if (simulation.Random.Next(2) == 0)
                        {
                            await Fiber.Yield();
                        }
                    }
                });
            }
        });
        Assert.Equal(Items, sent.Count);
        Assert.Equal(sent.Order(), received.Order());
    });

    [Fact]
    public void The_end_of_a_child_and_a_message_are_both_heard_of() => Deterministic.Explore(Seeds, async simulation =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            var (sender, receiver) = Mpsc.Unbounded<int>();
            ChildTask<int> child = scope.Spawn(async _ =>
            {
                await Fiber.Yield();
                sender.TrySend(1);
                await Fiber.Yield();
                return 2;
            });
            Select<int> next = new Select<int>().On(receiver.ReceiveCase(), static item => item);
            Select<int> either = new Select<int>()
                .On(receiver.ReceiveCase(), static item => item).On(child.JoinCase(), static value => value);
            int first = await either.WaitAsync();
            Assert.Equal(3, first + (first == 1 ? await child : await next.WaitAsync()));
        });
    });
}
