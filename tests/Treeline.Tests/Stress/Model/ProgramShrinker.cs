namespace Treeline.Tests.Stress.Model;

/// <summary>Takes out of a program whatever can go without its failing to fail.</summary>
/// <param name="fails">Whether a program fails.</param>
internal sealed class ProgramShrinker(Func<ModelProgram, bool> fails)
{
    public void Shrink(ModelProgram program)
    {
        bool smaller = true;
        while (smaller)
        {
            smaller = TryRemove(program, program.Meddlings) | TryShrink(program, program.Root);
        }
    }

    private bool TryRemove<T>(ModelProgram program, List<T> list)
    {
        bool smaller = false;
        for (int i = list.Count - 1; i >= 0; i--)
        {
            T removed = list[i];
            list.RemoveAt(i);
            if (fails(program))
            {
                smaller = true;
            }
            else
            {
                list.Insert(i, removed);
            }
        }

        return smaller;
    }

    private bool TryShrink(ModelProgram program, ScopeSpec scope) =>
        TrySet(program, scope.Timeout, null, value => scope.Timeout = value, mayGo: !scope.Shield)
        | TrySet(program, scope.Grace, null, value => scope.Grace = value)
        | TrySet(program, scope.Patience, null, value => scope.Patience = value)
        | TrySet(program, scope.MaxConcurrency, null, value => scope.MaxConcurrency = value)
        | TrySet(program, scope.Outer, OuterToken.None, value => scope.Outer = value)
        | TrySet(program, scope.Shield, false, value => scope.Shield = value)
        | TrySet(program, scope.AsDeadline, false, value => scope.AsDeadline = value)
        | TrySet(program, scope.Policy, PolicySpec.FailFast, value => scope.Policy = value)
        | TrySet(program, scope.Fibers, true, value => scope.Fibers = value)
        | TryShrink(program, scope.Body);

    private bool TryShrink(ModelProgram program, ChildSpec child) =>
        TrySet(program, child.Fiber, true, value => child.Fiber = value)
        | TrySet(program, child.Named, true, value => child.Named = value)
        | (child.Scope is { } scope ? TryShrink(program, scope) : TryShrink(program, child.Code!));

    private bool TryShrink(ModelProgram program, CodeSpec code)
    {
        bool smaller = TryRemove(program, code.Steps) | TryRemove(program, code.Cleanup);
        foreach (List<Step> steps in (List<Step>[])[code.Steps, code.Cleanup])
        {
            for (int i = 0; i < steps.Count; i++)
            {
                int at = i;
                smaller |= TrySet(program, steps[i].Foreign, false, value => steps[at] = steps[at] with { Foreign = value });
                smaller |= TrySet(
                    program, steps[i].Listens, Listens.ToCancellation, value => steps[at] = steps[at] with { Listens = value });
                smaller |= steps[i] switch
                {
                    Step.Spawn spawn => TryShrink(program, spawn.Child),
                    Step.Nest nest => TryShrink(program, nest.Scope),
                    Step.Open open => TryRemove(program, open.Children) | TryShrink(program, open.Scope)
                        | open.Children.Aggregate(false, (any, child) => any | TryShrink(program, child)),
                    _ => false,
                };
            }
        }

        return smaller;
    }

    private bool TrySet<T>(ModelProgram program, T now, T then, Action<T> set, bool mayGo = true)
    {
        if (!mayGo || Equals(now, then))
        {
            return false;
        }

        set(then);
        if (fails(program))
        {
            return true;
        }

        set(now);
        return false;
    }
}
