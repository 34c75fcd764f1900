namespace Treeline;

/// <summary>
/// Who depends on whom, and what of it can never happen.
/// </summary>
/// <remarks>
/// <para><b>The graph.</b> Each node of the tree stands for two things that may happen: its own code <em>goes on</em>, and it
/// <em>ends</em>. It ends when its own code has gone on and every node nested in it has ended (all of them). Its own code
/// goes on at once when it runs, waits for something outside Treeline, may pass, or has returned. If it awaits a child or a
/// scope, when that ends; if it waits for something that is held, when any one of the holders goes on; if it waits for a
/// place under its scope's limit, when any one of the siblings that have one ends. What depends on
/// nothing happens; from there it spreads (a least fixpoint, linear in nodes and waits). The rest is stuck, and as each
/// stuck thing depends on another one, there are circles in it.</para>
/// <para><b>Moving nodes.</b> The nodes are looked at one after the other, while they go on. So only waits are counted that an
/// earlier picture shows too, the holders included: all of them lasted throughout the time between the two pictures, and
/// circles of them existed at once. A wait that is not counted is taken to end.</para>
/// </remarks>
internal sealed class WaitGraph
{
    private const int MaxNames = 64;

    private readonly List<NodeSnapshot> _nodes = [];
    private readonly List<int> _parents = [];
    private readonly Dictionary<long, int> _byId = [];

    // Of each thing what it depends on: 2i is that node i goes on, 2i + 1 that it ends.
    private readonly int[][] _needs;
    private readonly bool[] _happens;

    /// <param name="tree">The picture.</param>
    /// <param name="before">An earlier one; null: every wait counts.</param>
    public WaitGraph(TaskTreeSnapshot tree, TaskTreeSnapshot? before)
    {
        Collect(tree);
        Dictionary<long, NodeSnapshot>? earlier = before?.All.ToDictionary(static node => node.Id);
        _needs = new int[_nodes.Count * 2][];
        for (int i = 0; i < _nodes.Count; i++)
        {
            bool counts = earlier is null || (earlier.TryGetValue(_nodes[i].Id, out NodeSnapshot? then) && IsSameWait(then, _nodes[i]));
            _needs[GoesOn(i)] = counts ? NeedsToGoOn(i) : [];
            _needs[Ends(i)] = [GoesOn(i), .. _nodes[i].Children.Select(child => Ends(_byId[child.Id]))];
        }

        _happens = Spread();
    }

    /// <summary>True if something can never happen.</summary>
    public bool HasStuck => Array.Exists(_happens, static happens => !happens);

    /// <summary>The circles.</summary>
    public DeadlockReport Report()
    {
        var cycles = new List<IReadOnlyList<DeadlockedNode>>();
        foreach (List<int> component in StuckComponents())
        {
            cycles.Add(Describe(CycleIn(component)));
        }

        int stuck = Enumerable.Range(0, _nodes.Count).Count(i => !_happens[Ends(i)]);
        return cycles.Count == 0 ? DeadlockReport.None : new DeadlockReport(cycles, stuck);
    }

    private static int GoesOn(int node) => 2 * node;

    private static int Ends(int node) => (2 * node) + 1;

    private static bool IsSameWait(NodeSnapshot then, NodeSnapshot now) =>
        then.Wait == now.Wait
        && then.WaitsForPlace == now.WaitsForPlace
        && HoldersOf(then).Order().SequenceEqual(HoldersOf(now).Order());

    private static IEnumerable<long> HoldersOf(NodeSnapshot node) =>
        (node.Holders ?? []).Select(static holder => holder.Node?.Id ?? 0);

    private void Collect(TaskTreeSnapshot tree)
    {
        foreach (NodeSnapshot root in tree.Roots)
        {
            Add(root, -1);
        }

        // The list grows meanwhile: parents come before their children.
        for (int i = 0; i < _nodes.Count; i++)
        {
            foreach (NodeSnapshot child in _nodes[i].Children)
            {
                Add(child, i);
            }
        }

        void Add(NodeSnapshot node, int parent)
        {
            // A node that was moved by nobody is seen once; be safe all the same, a picture is not a moment.
            if (_byId.TryAdd(node.Id, _nodes.Count))
            {
                _nodes.Add(node);
                _parents.Add(parent);
            }
        }
    }

    /// <summary>What its own code waits for: nothing; one thing; or several, of which any one will do.</summary>
    private int[] NeedsToGoOn(int i)
    {
        NodeSnapshot node = _nodes[i];
        if (!node.OwnCodeRuns || node.Wait.MayPass)
        {
            return [];
        }

        if (node.WaitsForPlace)
        {
            // Whoever of its siblings has begun has a place, until it ends.
            return [.. _nodes[_parents[i]].Children
                .Where(static sibling => sibling is { Kind: NodeKind.Child, WaitsForPlace: false })
                .Select(sibling => Ends(_byId[sibling.Id]))];
        }

        if (node.Wait.Node is { } awaited)
        {
            return awaited.Node is { } target && _byId.TryGetValue(target.Id, out int index) ? [Ends(index)] : [];
        }

        var holders = new List<int>();
        foreach (NodeRef holder in node.Holders ?? [])
        {
            if (holder.Node is not { } target || !_byId.TryGetValue(target.Id, out int index))
            {
                return []; // somebody whom the picture does not show may give it back
            }

            holders.Add(GoesOn(index));
        }

        return [.. holders];
    }

    /// <summary>From what depends on nothing to all that follows.</summary>
    private bool[] Spread()
    {
        var dependents = new List<int>?[_needs.Length];
        int[] missing = new int[_needs.Length];
        bool[] happens = new bool[_needs.Length];
        var next = new Queue<int>();
        for (int thing = 0; thing < _needs.Length; thing++)
        {
            // To end all is needed; to go on, any one thing.
            missing[thing] = thing % 2 == 1 ? _needs[thing].Length : Math.Min(1, _needs[thing].Length);
            foreach (int need in _needs[thing])
            {
                (dependents[need] ??= []).Add(thing);
            }

            if (missing[thing] == 0)
            {
                happens[thing] = true;
                next.Enqueue(thing);
            }
        }

        while (next.TryDequeue(out int thing))
        {
            foreach (int dependent in dependents[thing] ?? [])
            {
                if (!happens[dependent] && --missing[dependent] == 0)
                {
                    happens[dependent] = true;
                    next.Enqueue(dependent);
                }
            }
        }

        return happens;
    }

    /// <summary>
    /// The strongly connected components of what is stuck, those with a circle in them (Tarjan 1972, with a stack of its own
    /// for chains that are longer than the thread's).
    /// </summary>
    private IEnumerable<List<int>> StuckComponents()
    {
        int[] order = new int[_needs.Length];
        int[] low = new int[_needs.Length];
        bool[] isOpen = new bool[_needs.Length];
        var path = new Stack<int>();
        var calls = new Stack<(int Thing, int NextNeed)>();
        int count = 0;
        for (int start = 0; start < _needs.Length; start++)
        {
            if (_happens[start] || order[start] != 0)
            {
                continue;
            }

            Enter(start);
            while (calls.TryPop(out (int Thing, int NextNeed) call))
            {
                (int thing, int i) = call;
                if (i < _needs[thing].Length)
                {
                    calls.Push((thing, i + 1));
                    int need = _needs[thing][i];
                    if (!_happens[need] && order[need] == 0)
                    {
                        Enter(need);
                    }
                    else if (isOpen[need])
                    {
                        low[thing] = Math.Min(low[thing], order[need]);
                    }

                    continue;
                }

                if (calls.TryPeek(out (int Thing, int NextNeed) caller))
                {
                    low[caller.Thing] = Math.Min(low[caller.Thing], low[thing]);
                }

                if (low[thing] == order[thing])
                {
                    var component = new List<int>();
                    int member;
                    do
                    {
                        member = path.Pop();
                        isOpen[member] = false;
                        component.Add(member);
                    }
                    while (member != thing);

                    if (component.Count > 1 || _needs[thing].Contains(thing))
                    {
                        yield return component;
                    }
                }
            }
        }

        void Enter(int thing)
        {
            order[thing] = low[thing] = ++count;
            isOpen[thing] = true;
            path.Push(thing);
            calls.Push((thing, 0));
        }
    }

    /// <summary>A shortest circle through one member of the component.</summary>
    private List<int> CycleIn(List<int> component)
    {
        var members = component.ToHashSet();
        int start = component.Min();
        var from = new Dictionary<int, int>();
        var next = new Queue<int>([start]);
        while (next.TryDequeue(out int thing))
        {
            foreach (int need in _needs[thing])
            {
                if (members.Contains(need) && from.TryAdd(need, thing))
                {
                    next.Enqueue(need);
                }
            }
        }

        var cycle = new List<int>();
        int at = start;
        do
        {
            at = from[at];
            cycle.Add(at);
        }
        while (at != start);
        cycle.Reverse();
        return cycle;
    }

    private List<DeadlockedNode> Describe(List<int> cycle)
    {
        var nodes = new List<DeadlockedNode>();
        for (int i = 0; i < cycle.Count; i++)
        {
            int thing = cycle[i];
            int need = cycle[(i + 1) % cycle.Count];
            NodeSnapshot node = _nodes[thing / 2];
            if (thing % 2 == 0)
            {
                nodes.Add(new DeadlockedNode(node.Id, PathOf(thing / 2), node.SpawnSite, node.WaitsOnInShort!));
            }
            else if (need != thing - 1)
            {
                nodes.Add(new DeadlockedNode(node.Id, PathOf(thing / 2), node.SpawnSite, $"the end of {PathOf(need / 2)}, which is nested in it"));
            }
        }

        return nodes;
    }

    private string PathOf(int node)
    {
        var names = new List<string>();
        for (int at = node; at >= 0; at = _parents[at])
        {
            if (names.Count == MaxNames)
            {
                names.Add("…");
                break;
            }

            names.Add(_nodes[at].Name);
        }

        names.Reverse();
        return string.Join('/', names);
    }
}
