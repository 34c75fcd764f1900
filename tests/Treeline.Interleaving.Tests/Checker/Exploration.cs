using System.Numerics;
using System.Text;

namespace Treeline.Interleaving;

/// <summary>
/// Runs a scenario under every order of its actors' steps. Each actor is a thread, but only one runs at a time; at each
/// mark (<see cref="Interleave"/>) it stops, and the exploration chooses who takes the next step.
/// </summary>
/// <remarks>
/// Depth-first over the choices, each schedule run from its start (stateless model checking; Godefroid, "Model checking for
/// programming languages using VeriSoft", POPL 1997). Sleep sets (Godefroid 1996) leave out orders that only exchange
/// neighbouring steps which touch different things: of each class of such orders one is run to its end. What that relies
/// on is that a step does no more than the access it is marked with.
/// <para>
/// Memory is sequentially consistent here. That the weaker orders in the code are enough is argued beside them.
/// </para>
/// </remarks>
internal sealed class Exploration
{
    private const int MostSteps = 2_000;

    [ThreadStatic]
    private static Actor? t_actor;

    private static Exploration? s_current;

    private readonly Func<Scenario> _make;
    private readonly bool _prune;
    private readonly List<Actor> _actors = [];
    private readonly SemaphoreSlim _idle = new(0);
    private readonly List<Choice> _path = [];
    private readonly List<string> _trace = [];
    private readonly HashSet<object> _pooled = new(ReferenceEqualityComparer.Instance);
    private readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);

    private Phase _phase;
    private int _depth;
    private Exception? _error;

    private Exploration(Func<Scenario> make, bool prune)
    {
        _make = make;
        _prune = prune;
    }

    /// <summary>Before each schedule.</summary>
    public static event Action? Starting;

    private enum Phase
    {
        Setup,
        Lining,
        Exploring,
        Redundant,
        Aborting,
    }

    /// <summary>How many schedules were run to their end, those included that turned out like one before.</summary>
    public int Schedules { get; private set; }

    /// <summary>Each outcome that a scenario named, and how many schedules came to it.</summary>
    public IReadOnlyDictionary<string, int> Outcomes => _outcomes;

    /// <summary>Runs all schedules; throws for the first that goes wrong.</summary>
    /// <param name="make">Makes the scenario, the same each time.</param>
    /// <param name="prune">Whether to leave out orders that cannot differ.</param>
    public static Exploration Run(Func<Scenario> make, bool prune = true)
    {
        var exploration = new Exploration(make, prune);
        s_current = exploration;
        try
        {
            do
            {
                exploration.RunOnce();
            }
            while (exploration.Backtrack());
        }
        finally
        {
            s_current = null;
            exploration._actors.ForEach(static actor => actor.Dismiss());
        }

        return exploration;
    }

    /// <summary>Stops the calling actor before its next step. Other threads pass.</summary>
    public static void Mark(Access access, Func<bool>? until = null)
    {
        if (t_actor is { } actor)
        {
            s_current!.Arrive(actor, access, until);
        }
    }

    /// <summary>Notes what went wrong where throwing would not tell.</summary>
    public static void Fail(string what) => s_current!._error ??= new InvalidOperationException(what);

    public static void Returned(object item) => s_current?._pooled.Add(item);

    public static void Rented(object item) => s_current?._pooled.Remove(item);

    private void RunOnce()
    {
        _phase = Phase.Setup;
        _pooled.Clear();
        _trace.Clear();
        _error = null;
        _depth = 0;
        Starting?.Invoke();
        Scenario scenario = _make();
        while (_actors.Count < scenario.Actors.Count)
        {
            _actors.Add(new Actor(this, _actors.Count));
        }

        // Each goes up to its first mark, which touches nothing shared.
        _phase = Phase.Lining;
        for (int i = 0; i < scenario.Actors.Count; i++)
        {
            _actors[i].Start(scenario.Actors[i].Name, scenario.Actors[i].Run);
            _idle.Wait();
        }

        _phase = Phase.Exploring;
        if (Choose(running: null) is { } first)
        {
            first.Go();
            _idle.Wait();
        }

        Schedules++;
        if (_error is null)
        {
            try
            {
                scenario.Checks.ForEach(static check => check());
            }
            catch (Exception e)
            {
                _error = e;
            }
        }

        if (_error is not null)
        {
            throw new InterleavingException(Describe(_error), _error);
        }

        _outcomes[scenario.Outcome] = _outcomes.GetValueOrDefault(scenario.Outcome) + 1;
    }

    private string Describe(Exception error)
    {
        var text = new StringBuilder($"Schedule {Schedules}: {error.Message}");
        foreach (string step in _trace)
        {
            text.AppendLine().Append("  ").Append(step);
        }

        return text.ToString();
    }

    /// <summary>The next schedule: the deepest choice that has another way to go. False when there is none.</summary>
    private bool Backtrack()
    {
        while (_path.Count > 0)
        {
            Choice last = _path[^1];
            last.Tried |= 1 << last.Chosen;
            int left = last.Enabled & ~last.Sleeping & ~last.Tried;
            if (left != 0)
            {
                last.Chosen = BitOperations.TrailingZeroCount(left);
                return true;
            }

            _path.RemoveAt(_path.Count - 1);
        }

        return false;
    }

    private void Arrive(Actor actor, Access access, Func<bool>? until)
    {
        actor.Next = access;
        actor.Until = until;
        if (_phase == Phase.Lining)
        {
            _idle.Release();
            actor.Wait();
        }
        else if (Choose(actor) is { } next && next != actor)
        {
            next.Go();
            actor.Wait();
        }

        if (_phase == Phase.Aborting && until is not null && !until())
        {
            throw new OperationCanceledException("The exploration gives up this schedule.");
        }

        if (!access.IsLate && _pooled.Contains(access.Owner))
        {
            Fail($"{actor.Name} {access}, which is in the pool.");
        }
    }

    private void Finish(Actor actor, Exception? error)
    {
        if (error is not null && _phase != Phase.Aborting)
        {
            _error ??= error;
        }

        actor.IsRunning = false;
        if (_phase == Phase.Lining || Choose(running: null) is not { } next)
        {
            _idle.Release();
        }
        else
        {
            next.Go();
        }
    }

    /// <summary>Who takes the next step; null when all have ended.</summary>
    private Actor? Choose(Actor? running)
    {
        int alive = 0;
        int enabled = 0;
        foreach (Actor actor in _actors)
        {
            if (actor.IsRunning)
            {
                alive |= 1 << actor.Index;
                if (_phase == Phase.Aborting || actor.Until is not { } until || until())
                {
                    enabled |= 1 << actor.Index;
                }
            }
        }

        if (alive == 0)
        {
            return null;
        }

        if (enabled == 0 || _trace.Count > MostSteps)
        {
            IEnumerable<string> stuck = _actors.Where(static actor => actor.IsRunning)
                .Select(static actor => $"{actor.Name}, who {actor.Next}");
            Fail($"Nobody resumes {string.Join(" and ", stuck)}.");
            _phase = Phase.Aborting;
            enabled = alive;
        }

        Actor chosen = _actors[Pick(enabled, running)];
        _trace.Add($"{chosen.Name} {chosen.Next}");
        return chosen;
    }

    private int Pick(int enabled, Actor? running)
    {
        if (_phase == Phase.Exploring && _depth < _path.Count)
        {
            Choice known = _path[_depth++];
            if (known.Enabled == enabled)
            {
                return known.Chosen;
            }

            Fail("The scenario did not go the same way again: something in it is random.");
            _phase = Phase.Aborting;
        }

        // Staying with the same actor saves a switch of threads.
        int Favourite(int among) =>
            running is not null && (among & (1 << running.Index)) != 0 ? running.Index : BitOperations.TrailingZeroCount(among);

        if (_phase != Phase.Exploring)
        {
            return Favourite(enabled);
        }

        int sleeping = 0;
        if (_prune && _path.Count > 0)
        {
            Choice last = _path[^1];
            foreach (Actor actor in _actors)
            {
                int bit = 1 << actor.Index;
                if (((last.Sleeping | last.Tried) & bit) != 0
                    && last.Next[actor.Index].IsIndependentOf(last.Next[last.Chosen]))
                {
                    sleeping |= bit;
                }
            }
        }

        if ((enabled & ~sleeping) == 0)
        {
            // Whatever comes now has been seen in another order.
            _phase = Phase.Redundant;
            return Favourite(enabled);
        }

        var choice = new Choice(enabled, sleeping, [.. _actors.Select(static actor => actor.Next)])
        {
            Chosen = Favourite(enabled & ~sleeping),
        };
        _path.Add(choice);
        _depth++;
        return choice.Chosen;
    }

    private sealed class Choice(int enabled, int sleeping, Access[] next)
    {
        public int Enabled => enabled;

        public int Sleeping => sleeping;

        /// <summary>What each actor would do next.</summary>
        public Access[] Next => next;

        public int Tried { get; set; }

        public int Chosen { get; set; }
    }

    private sealed class Actor
    {
        private readonly Exploration _exploration;
        private readonly SemaphoreSlim _go = new(0);
        private Action? _run;

        public Actor(Exploration exploration, int index)
        {
            _exploration = exploration;
            Index = index;
            new Thread(Loop) { IsBackground = true }.UnsafeStart();
        }

        public int Index { get; }

        public string Name { get; private set; } = "";

        public bool IsRunning { get; set; }

        public Access Next { get; set; }

        public Func<bool>? Until { get; set; }

        public void Start(string name, Action run)
        {
            Name = name;
            IsRunning = true;
            Until = null;
            _run = run;
            Go();
        }

        public void Go() => _go.Release();

        public void Wait() => _go.Wait();

        public void Dismiss()
        {
            _run = null;
            Go();
        }

        private void Loop()
        {
            t_actor = this;
            while (true)
            {
                Wait();
                if (_run is not { } run)
                {
                    return;
                }

                Exception? error = null;
                try
                {
                    run();
                }
                catch (Exception e)
                {
                    error = e;
                }

                _exploration.Finish(this, error);
            }
        }
    }
}
