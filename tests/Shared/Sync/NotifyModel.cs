using System.Collections.Immutable;
using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Sync;

/// <summary>A line whose first, or all, are woken, and one notification that is kept.</summary>
internal sealed class NotifyModel : SequentialModel<NotifyModel.State>
{
    public override State Initial => new(false, [], []);

    public override bool TryApply(State state, Operation operation, out State next)
    {
        next = state;
        switch (operation.Name)
        {
            case "come":
                int id = (((int Id, object What))operation.Argument!).Id;
                next = state.IsStored
                    ? state with { IsStored = false, Woken = state.Woken.Add(id) }
                    : state with { Line = state.Line.Add(id) };
                return true;

            case "wait" when operation.Result is true:
                return state.Woken.Contains((int)operation.Argument!);

            case "wait":
                next = state with { Line = state.Line.Remove((int)operation.Argument!) };
                return state.Line.Contains((int)operation.Argument!);

            case "one":
                next = state.Line is [int first, ..]
                    ? state with { Line = state.Line.RemoveAt(0), Woken = state.Woken.Add(first) }
                    : state with { IsStored = true };
                return true;

            case "all":
                next = state with { Line = [], Woken = state.Woken.Union(state.Line) };
                return true;

            default:
                throw new ArgumentException($"No such call: {operation}.", nameof(operation));
        }
    }

    public override object KeyOf(State state) => state.ToString();

    internal sealed record State(bool IsStored, ImmutableList<int> Line, ImmutableSortedSet<int> Woken)
    {
        public override string ToString() => $"{IsStored}; line {string.Join(' ', Line)}; woken {string.Join(' ', Woken)}";
    }
}
