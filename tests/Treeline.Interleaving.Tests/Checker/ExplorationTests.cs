namespace Treeline.Interleaving;

/// <summary>The checker finds what is wrong, and shows how it comes about.</summary>
public sealed class ExplorationTests
{
    [Fact]
    public void It_runs_every_order_of_dependent_steps()
    {
        // Two actors with three writes each to one thing: 6! / (3! 3!) orders.
        Exploration exploration = Exploration.Run(() => Writers(actors: 2, steps: 3, static _ => "one"));
        Assert.Equal(20, exploration.Schedules);
        Assert.Equal(20, exploration.Outcomes.Count);
    }

    [Fact]
    public void It_runs_every_order_of_three_actors()
    {
        // 6! / (2! 2! 2!)
        Assert.Equal(90, Exploration.Run(() => Writers(actors: 3, steps: 2, static _ => "one")).Outcomes.Count);
    }

    [Fact]
    public void It_runs_independent_steps_in_one_order()
    {
        Exploration all = Exploration.Run(() => Writers(actors: 3, steps: 2, static actor => $"{actor}"), prune: false);
        Assert.Equal(90, all.Schedules);
        Assert.True(Exploration.Run(() => Writers(actors: 3, steps: 2, static actor => $"{actor}")).Schedules < 10);
    }

    [Fact]
    public void It_finds_two_winners_of_a_claim_that_is_not_atomic()
    {
        InterleavingException found = Assert.Throws<InterleavingException>(() => Exploration.Run(() =>
        {
            var node = new BrokenNode();
            var scenario = new Scenario();
            int winners = 0;
            void Claim()
            {
                if (node.LooksThenClaims())
                {
                    winners++;
                }
            }

            scenario.Actor("signaller", Claim);
            scenario.Actor("canceller", Claim);
            scenario.Finally(() => Assert.Equal(1, winners));
            return scenario;
        }));
        Assert.Contains("signaller reads claimed of a broken node", found.Message, StringComparison.Ordinal);
        Assert.Contains("canceller writes claimed of a broken node", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_finds_the_wake_up_that_is_lost_between_looking_and_registering()
    {
        InterleavingException found = Assert.Throws<InterleavingException>(() => Exploration.Run(() =>
        {
            var node = new BrokenNode();
            var scenario = new Scenario();
            scenario.Actor("signaller", node.CompletesThenWakes);
            scenario.Actor("awaiter", node.LooksThenRegisters);
            return scenario;
        }));
        Assert.Contains("Nobody resumes awaiter", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_finds_the_late_cancellation_that_reaches_the_next_wait()
    {
        InterleavingException found = Assert.Throws<InterleavingException>(() => Exploration.Run(() =>
        {
            var node = new BrokenNode();
            var scenario = new Scenario();
            bool armed = true;
            bool nextIsCancelled = false;
            scenario.Actor("canceller", () =>
            {
                Interleave.Read(node, "armed");
                if (armed)
                {
                    // Nothing tells it that the node has gone on to its next wait.
                    Interleave.Write(node, "cancelled");
                    nextIsCancelled = !armed;
                }
            });
            scenario.Actor("awaiter", () =>
            {
                Interleave.Write(node, "armed");
                armed = false;
            });
            scenario.Finally(() => Assert.False(nextIsCancelled));
            return scenario;
        }));
        Assert.NotNull(found.InnerException);
    }

    [Fact]
    public void It_finds_a_touch_of_what_is_in_the_pool()
    {
        InterleavingException found = Assert.Throws<InterleavingException>(() => Exploration.Run(() =>
        {
            var node = new BrokenNode();
            var scenario = new Scenario();
            scenario.Actor("signaller", () => Interleave.Write(node, "value"));
            scenario.Actor("awaiter", () => Pool<BrokenNode>.Return(node));
            return scenario;
        }));
        Assert.Contains("which is in the pool", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_finds_actors_that_wait_for_each_other()
    {
        InterleavingException found = Assert.Throws<InterleavingException>(() => Exploration.Run(() =>
        {
            var one = new Gate.Cell();
            var other = new Gate.Cell();
            var scenario = new Scenario();
            scenario.Actor("a", () => TakeBoth(one, other));
            scenario.Actor("b", () => TakeBoth(other, one));
            return scenario;
        }));
        Assert.Contains("Nobody resumes a, who", found.Message, StringComparison.Ordinal);
    }

    private static void TakeBoth(Gate.Cell first, Gate.Cell second)
    {
        Interleave.Until(first, "taken", () => !first.Taken);
        first.Taken = true;
        Interleave.Until(second, "taken", () => !second.Taken);
        Interleave.Write(second, "taken");
        Interleave.Write(first, "taken");
        first.Taken = false;
    }

    private static Scenario Writers(int actors, int steps, Func<int, string> what)
    {
        var scenario = new Scenario();
        for (int actor = 0; actor < actors; actor++)
        {
            string name = $"{actor}";
            string field = what(actor);
            scenario.Actor(name, () =>
            {
                for (int step = 0; step < steps; step++)
                {
                    Interleave.Write("the record", field);
                    scenario.Outcome += name;
                }
            });
        }

        return scenario;
    }

    /// <summary>What a kernel must not be.</summary>
    private sealed class BrokenNode
    {
        private bool _claimed;
        private bool _done;
        private bool _registered;
        private bool _resumed;

        public bool LooksThenClaims()
        {
            Interleave.Read(this, "claimed");
            if (_claimed)
            {
                return false;
            }

            Interleave.Write(this, "claimed");
            return _claimed = true;
        }

        public void CompletesThenWakes()
        {
            Interleave.Write(this, "done");
            _done = true;
            Interleave.Read(this, "registered");
            if (_registered)
            {
                Interleave.Write(this, "resumed");
                _resumed = true;
            }
        }

        public void LooksThenRegisters()
        {
            Interleave.Read(this, "done");
            if (!_done)
            {
                Interleave.Write(this, "registered");
                _registered = true;
                Interleave.Until(this, "resumed", () => _resumed);
            }
        }

        public override string ToString() => "a broken node";
    }
}
