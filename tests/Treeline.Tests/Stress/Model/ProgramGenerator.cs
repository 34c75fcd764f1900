namespace Treeline.Tests.Stress.Model;

/// <summary>Draws a program from a seed.</summary>
internal sealed class ProgramGenerator
{
    private const int MaxDepth = 4;
    private const int Horizon = 40_000;

    private readonly Random _random;
    private int _nodesLeft;
    private int _scopes;
    private int _children;
    private int _errors;

    private ProgramGenerator(int seed)
    {
        _random = new Random(seed);
        _nodesLeft = _random.Next(3, 24);
    }

    public static ModelProgram Generate(int seed)
    {
        var generator = new ProgramGenerator(seed);
        var program = new ModelProgram { Root = generator.NewScope([], mayHaveToken: true, isBody: true) };
        for (int i = generator._random.Next(4); i > 0; i--)
        {
            program.Meddlings.Add(new Meddling(generator.Time(2 * Horizon), generator.NewDeed(generator._random.Next(generator._scopes))));
        }

        return program;
    }

    private bool Chance(int percent) => _random.Next(100) < percent;

    private long Time(int below = Horizon) => _random.Next(1, Chance(30) ? below / 8 : below);

    private T Pick<T>(params ReadOnlySpan<T> from) => from[_random.Next(from.Length)];

    private ScopeSpec NewScope(int[] around, bool mayHaveToken, bool isBody)
    {
        _nodesLeft--;
        bool shield = around.Length > 0 && Chance(12);
        var scope = new ScopeSpec
        {
            Id = _scopes++,
            Fibers = Chance(70),
            Policy = Pick(
                PolicySpec.FailFast,
                PolicySpec.FailFast,
                PolicySpec.FailFast,
                PolicySpec.Supervise,
                PolicySpec.Supervise,
                PolicySpec.CollectAll,
                PolicySpec.FirstSuccess,
                PolicySpec.QuorumOfTwo),
            Shield = shield,
            Timeout = shield || Chance(25) ? Time(2 * Horizon) : null,
            AsDeadline = mayHaveToken && Chance(30), // a spawned one may begin later
            Grace = Chance(25) ? Time() : null,
            Patience = Chance(20) ? Time() : null,
            MaxConcurrency = Chance(20) ? _random.Next(1, 3) : null,
            Outer = mayHaveToken ? Pick(OuterToken.None, OuterToken.None, OuterToken.Foreign, OuterToken.OfEnclosingScope) : OuterToken.None,
        };
        if (around.Length == 0 && scope.Outer == OuterToken.OfEnclosingScope)
        {
            scope.Outer = OuterToken.None;
        }

        if (isBody)
        {
            Fill(scope.Body, [.. around, scope.Id]);
        }

        return scope;
    }

    private ChildSpec NewChild(int[] around)
    {
        _nodesLeft--;
        var child = new ChildSpec { Id = _children++, Fiber = Chance(70), Named = Chance(50) };
        if (around.Length < MaxDepth && _nodesLeft > 1 && Chance(20))
        {
            child.Scope = NewScope(around, mayHaveToken: false, isBody: true);
        }
        else
        {
            child.Code = new CodeSpec();
            Fill(child.Code, around);
        }

        return child;
    }

    /// <param name="code">To fill.</param>
    /// <param name="around">The scopes around it, the last the one it runs in.</param>
    private void Fill(CodeSpec code, int[] around)
    {
        var spawned = new List<int>();
        var opened = new List<int>();
        for (int i = _random.Next(6); i > 0; i--)
        {
            code.Steps.Add(NewStep(around, spawned, opened, cleanup: false));
        }

        code.Ending = Time(Horizon / 4);
        if (Chance(30))
        {
            for (int i = _random.Next(1, 3); i > 0; i--)
            {
                code.Cleanup.Add(NewStep(around, spawned, opened, cleanup: true));
            }
        }
    }

    private Step NewStep(int[] around, List<int> spawned, List<int> opened, bool cleanup)
    {
        Listens listens = cleanup || Chance(20) ? Listens.ToNothing : Chance(15) ? Listens.ToStopping : Listens.ToCancellation;
        bool forever = !cleanup && Chance(listens == Listens.ToNothing ? 5 : 8);
        return NewDoing(around, spawned, opened) with
        {
            Pause = forever ? null : Time(),
            Listens = listens,
            Foreign = Chance(30),
        };
    }

    private Step NewDoing(int[] around, List<int> spawned, List<int> opened)
    {
        int what = _random.Next(100);
        bool room = _nodesLeft > 0;
        bool deeper = room && around.Length < MaxDepth;
        switch (what)
        {
            case < 30 when room:
                ChildSpec child = NewChild(around);
                spawned.Add(child.Id);
                return new Step.Spawn(child, Chance(80) ? around[^1] : Pick<int>(around));
            case < 45 when deeper:
                return new Step.Nest(NewScope(around, mayHaveToken: true, isBody: true), NewHandling(mayForget: true), _errors++);
            case < 55 when deeper:
                ScopeSpec scope = NewScope(around, mayHaveToken: true, isBody: false);
                var children = new List<ChildSpec>();
                for (int i = _random.Next(3); i > 0 && _nodesLeft > 0; i--)
                {
                    ChildSpec inside = NewChild([.. around, scope.Id]);
                    children.Add(inside);
                    spawned.Add(inside.Id);
                }

                opened.Add(scope.Id);
                return new Step.Open(scope, children);
            case < 65 when spawned.Count > 0:
                return new Step.Await(spawned[_random.Next(spawned.Count)], Chance(30), NewHandling(mayForget: false), _errors++);
            case < 72 when opened.Count > 0:
                return new Step.Close(opened[_random.Next(opened.Count)], Chance(60), NewHandling(mayForget: true), _errors++);
            case < 80:
                return new Step.Fail(_errors++, Cancellation: Chance(20));
            case < 88:
                return new Step.Act(NewDeed(Pick<int>(around)));
            case < 91:
                return new Step.Limit(Time(), Time(), Chance(30));
            case < 93:
                return new Step.ReadDeadline();
            default:
                return new Step();
        }
    }

    private Handling NewHandling(bool mayForget) =>
        mayForget && Chance(20) ? Handling.Forget : Pick(Handling.Rethrow, Handling.Rethrow, Handling.Swallow, Handling.Wrap);

    private Deed NewDeed(int scope)
    {
        DeedKind kind = Pick(DeedKind.Cancel, DeedKind.Stop, DeedKind.Stop, DeedKind.CancelOuterToken, DeedKind.SetDeadline);
        return new Deed(kind, scope, Chance(kind == DeedKind.Stop ? 60 : 80) ? Time() : null);
    }
}
