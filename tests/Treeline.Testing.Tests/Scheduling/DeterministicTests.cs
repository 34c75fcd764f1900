using System.Collections.Concurrent;

namespace Treeline.Testing.Tests.Scheduling;

public sealed class DeterministicTests
{
    [Fact]
    public void The_same_seed_is_the_same_order()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            Assert.Equal(Order(seed), Order(seed));
        }
    }

    [Fact]
    public void Different_seeds_are_different_orders() =>
        Assert.True(Enumerable.Range(0, 100).Select(Order).Distinct().Count() > 50);

    [Fact]
    public void Every_order_of_three_children_comes_up()
    {
        var orders = new HashSet<string>();
        Deterministic.Explore(100, async run => orders.Add(await OrderOfThree()));
        Assert.Equal(6, orders.Count);
    }

    [Fact]
    public void Timers_of_one_instant_fire_in_every_order()
    {
        var orders = new HashSet<string>();
        Deterministic.Explore(100, async run =>
        {
            string order = "";
            await TaskScope.RunAsync(async scope =>
            {
                foreach (char name in "abc")
                {
                    scope.Spawn(async _ =>
                    {
                        await Task.Delay(TimeSpan.FromSeconds(1), run.Time, CancellationToken.None);
                        order += name;
                    });
                }
            });
            orders.Add(order);
        });
        Assert.Equal(6, orders.Count);
    }

    [Fact]
    public void What_completes_a_task_may_go_on_before_whoever_awaits_it_and_after()
    {
        var orders = new HashSet<string>();
        Deterministic.Explore(50, async run =>
        {
            string order = "";
            var signal = new TaskCompletionSource();
            await TaskScope.RunAsync(async scope =>
            {
                scope.Spawn(async _ =>
                {
                    await signal.Task;
                    order += "awaiter ";
                });
                await Task.Delay(TimeSpan.FromMilliseconds(1), run.Time, CancellationToken.None);
                signal.SetResult();
                order += "completer ";
            });
            orders.Add(order);
        });
        Assert.Equal(["awaiter completer ", "completer awaiter "], orders.Order());
    }

    [Fact]
    public void An_await_of_what_is_ready_may_give_way()
    {
        var orders = new HashSet<string>();
        Deterministic.Explore(100, async run =>
        {
            string order = "";
            await TaskScope.RunAsync(async scope =>
            {
                ChildTask<int> ready = scope.Spawn(static async _ => 1);
                await ready;
                scope.Spawn(async _ => order += "other ");
                await ready;
                order += "body ";
            });
            orders.Add(order);
        });
        Assert.Equal(["body other ", "other body "], orders.Order());
    }

    [Fact]
    public void A_race_is_found_and_its_seed_shows_it_again()
    {
        var found = Assert.Throws<DeterministicException>(() => Deterministic.Explore(100, LostUpdate));
        Assert.IsType<RaceException>(found.InnerException);
        Assert.Contains($"Seed {found.Seed} failed", found.Message, StringComparison.Ordinal);
        Assert.Contains($"TREELINE_SEED={found.Seed}", found.Message, StringComparison.Ordinal);

        var again = Assert.Throws<DeterministicException>(() => Deterministic.Run(found.Seed, LostUpdate));
        Assert.Equal(found.Seed, again.Seed);
        Assert.IsType<RaceException>(again.InnerException);
    }

    [Fact]
    public void The_race_of_the_guide_is_found_with_the_seed_it_says()
    {
        var found = Assert.Throws<DeterministicException>(static () => Deterministic.Explore(
            1_000,
            static async run =>
            {
                int balance = 100;
                await TaskScope.RunAsync(async scope =>
                {
                    scope.Spawn(_ => WithdrawAsync(80));
                    scope.Spawn(_ => WithdrawAsync(80));
                });
                Assert.True(balance >= 0);

                async Task WithdrawAsync(int amount)
                {
                    if (balance >= amount)
                    {
                        await Task.Yield();
                        balance -= amount;
                    }
                }
            },
            firstSeed: 0));
        Assert.Equal(0, found.Seed);
    }

    [Fact]
    public void A_starved_child_is_found_too()
    {
        // Even choices at each step would need some 2^20 schedules.
        Assert.Throws<DeterministicException>(() => Deterministic.Explore(200, async run =>
        {
            bool ran = false;
            run.Scope.Spawn(async _ => ran = true);
            await run.Scope.Spawn(static async _ =>
            {
                for (int i = 0; i < 20; i++)
                {
                    await Fiber.Yield();
                }
            });
            if (!ran)
            {
                throw new RaceException();
            }
        }));
    }

    [Fact]
    public void Explore_runs_each_seed_once_from_the_first()
    {
        var seeds = new List<int>();
        Deterministic.Explore(
            4,
            run =>
            {
                seeds.Add(run.Seed);
                return Task.CompletedTask;
            },
            firstSeed: int.MaxValue - 1);
        Assert.Equal([int.MaxValue - 1, int.MaxValue, int.MinValue, int.MinValue + 1], seeds);
        Assert.Throws<ArgumentOutOfRangeException>(() => Deterministic.Explore(0, static _ => Task.CompletedTask));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("  ", 0)]
    [InlineData("17", 17)]
    [InlineData("-3", -3)]
    public void The_environment_says_where_the_seeds_begin(string? environment, int first) =>
        Assert.Equal(first, Deterministic.FirstSeed(environment));

    [Fact]
    public void The_environment_can_ask_for_seeds_nobody_has_tried()
    {
        Assert.True(Enumerable.Range(0, 10).Select(static _ => Deterministic.FirstSeed("random")).Distinct().Count() > 1);
        string message = Assert.Throws<InvalidOperationException>(static () => Deterministic.FirstSeed("often")).Message;
        Assert.Contains("TREELINE_SEED is 'often'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_body_gives_a_result_whatever_it_returns()
    {
        Assert.Equal(1, Deterministic.Run(1, static async _ => 1));
        Assert.Equal(2, Deterministic.Run(1, static _ => Task.FromResult(2)));
        Assert.Equal(3, Deterministic.Run(1, static _ => ValueTask.FromResult(3)));
        Deterministic.Run(1, static _ => Task.CompletedTask);
        Deterministic.Run(1, static _ => ValueTask.CompletedTask);
        Deterministic.Run(1, static async _ => await Task.Yield());
    }

    [Fact]
    public void A_failure_comes_with_its_seed_and_as_itself()
    {
        var failure = new RaceException();
        var thrown = Assert.Throws<DeterministicException>(() => Deterministic.Run(5, _ => Task.FromException(failure)));
        Assert.Same(failure, thrown.InnerException);
        Assert.Equal(5, thrown.Seed);
    }

    [Fact]
    public void Waiting_for_what_never_happens_is_a_failure_that_shows_the_tree_and_leaves_nothing_in_it()
    {
        bool cleanedUp = false;
        var thrown = Assert.Throws<DeterministicException>(() => Deterministic.Run(1, async run =>
        {
            run.Scope.Spawn(
                async ct =>
                {
                    try
                    {
                        await Task.Delay(Timeout.Infinite, ct);
                    }
                    finally
                    {
                        cleanedUp = true;
                    }
                },
                "the one that waits");
        }));
        Assert.Contains("the one that waits  child, running, ", Assert.IsType<StuckException>(thrown.InnerException).Message, StringComparison.Ordinal);
        Assert.True(cleanedUp);
        Assert.DoesNotContain(TaskTree.Snapshot().Roots, static root => root.Name == nameof(Waiting_for_what_never_happens_is_a_failure_that_shows_the_tree_and_leaves_nothing_in_it));
    }

    [Fact]
    public void Nothing_of_Treeline_leaves_the_thread()
    {
        Thread caller = Thread.CurrentThread;
        Deterministic.Explore(100, async run =>
        {
            Thread thread = Thread.CurrentThread;
            Assert.NotSame(caller, thread);
            Func<CancellationToken, Task<int>> plain = async _ =>
            {
                await Task.Yield();
                Assert.Same(thread, Thread.CurrentThread);
                await Task.Delay(TimeSpan.FromMilliseconds(1), run.Time, CancellationToken.None);
                Assert.Same(thread, Thread.CurrentThread);
                return 1;
            };
            await TaskScope.RunAsync(async scope =>
            {
                ChildTask<int> child = scope.Spawn(plain);
                Outcome<int> outcome = await child.OutcomeAsync();
                Assert.Same(thread, Thread.CurrentThread);
                Assert.Equal(1, outcome.Value);
                await child.AsTask();
                Assert.Same(thread, Thread.CurrentThread);
                Func<TaskScope, Task> body = async inner =>
                {
                    await inner.Spawn(plain);
                    await using TaskScope open = TaskScope.Open();
                    open.Spawn(plain);
                    await open.JoinAsync();
                    Assert.Same(thread, Thread.CurrentThread);
                    await using TaskScope disposed = TaskScope.Open();
                    disposed.Spawn(plain);
                };
                await scope.Spawn(_ => TaskScope.RunAsync(body));
                Assert.Same(thread, Thread.CurrentThread);
            });
            Assert.Same(thread, Thread.CurrentThread);
        });
    }

    [Fact]
    public void The_clock_begins_anew_with_each_seed_and_is_that_of_the_scope()
    {
        Deterministic.Explore(3, async run =>
        {
            Assert.Equal(TimeSpan.Zero, run.Time.Elapsed);
            await Task.Delay(TimeSpan.FromDays(1), run.Time, CancellationToken.None);
            Assert.Equal(TimeSpan.FromDays(1), run.Time.Elapsed);
        });
    }

    [Fact]
    public void Work_that_leaves_the_thread_is_waited_for_and_what_awaits_it_comes_back()
    {
        Deterministic.Explore(50, async run =>
        {
            Thread thread = Thread.CurrentThread;
            Task timeout = Task.Delay(TimeSpan.FromSeconds(1), run.Time, CancellationToken.None);
            Task<int> elsewhere = Task.Run(async () =>
            {
                Assert.NotSame(thread, Thread.CurrentThread);
                await Task.Yield();
                return 1;
            });
            Assert.Same(elsewhere, await Task.WhenAny(elsewhere, timeout));
            Assert.Same(thread, Thread.CurrentThread);
        });
    }

    /// <summary>Two children that each read, wait and write.</summary>
    private static async Fiber LostUpdate(Simulation run)
    {
        int counter = 0;
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 2; i++)
            {
                scope.Spawn(async _ =>
                {
                    int read = counter;
                    if (run.Random.Next(2) == 0)
                    {
                        await Fiber.Yield();
                    }

                    counter = read + 1;
                });
            }
        });
        if (counter != 2)
        {
            throw new RaceException();
        }
    }

    private static async Task<string> OrderOfThree()
    {
        string order = "";
        await TaskScope.RunAsync(async scope =>
        {
            foreach (char name in "abc")
            {
                scope.Spawn(async _ => order += name);
            }
        });
        return order;
    }

    /// <summary>What a program with all sorts of waits does, as a text.</summary>
    private static string Order(int seed) => Deterministic.Run(seed, async run =>
    {
        var events = new ConcurrentQueue<string>();
        var gate = new TaskCompletionSource();
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Func<CancellationToken, Task> plain = async _ =>
        {
            events.Enqueue("plain begins");
            await gate.Task;
            events.Enqueue("plain goes on");
            released.SetResult();
            await Task.Yield();
            events.Enqueue("plain ends");
        };
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 3; i++)
            {
                int number = i;
                scope.Spawn(async _ =>
                {
                    events.Enqueue($"{number} begins");
                    await Fiber.Yield();
                    events.Enqueue($"{number} yielded");
                    await Task.Delay(TimeSpan.FromSeconds(1), run.Time, CancellationToken.None);
                    events.Enqueue($"{number} slept");
                    await released.Task;
                    events.Enqueue($"{number} ends");
                });
            }

            ChildTask child = scope.Spawn(plain);
            await Task.Yield();
            events.Enqueue("gate opens");
            gate.SetResult();
            events.Enqueue("gate is open");
            await child;
        });
        events.Enqueue($"{run.Random.Next(100)}");
        return string.Join(", ", events);
    });

    private sealed class RaceException : Exception;
}
