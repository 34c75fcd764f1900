using System.Collections.Immutable;
using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Sync;

/// <summary>A semaphore of which only the number of permits counts, and not in which order they are given.</summary>
internal sealed class PermitsModel(int permits) : SequentialModel<PermitsModel.State>
{
    public override State Initial => new(permits, ImmutableSortedDictionary<int, int>.Empty);

    public override bool TryApply(State state, Operation operation, out State next)
    {
        next = state;
        if (operation.Name == "release")
        {
            int id = (int)operation.Argument!;
            bool held = state.Held.TryGetValue(id, out int back);
            next = held ? new State(state.Available + back, state.Held.Remove(id)) : state;
            return held;
        }

        if (operation.Result is false)
        {
            return true; // gave up, or came while others stood in line
        }

        var (asking, count) = ((int Id, object Count))operation.Argument!;
        next = new State(state.Available - (int)count, state.Held.Add(asking, (int)count));
        return next.Available >= 0;
    }

    public override object KeyOf(State state) => state.ToString();

    internal sealed record State(int Available, ImmutableSortedDictionary<int, int> Held)
    {
        public override string ToString() => $"{Available}; held {string.Join(' ', Held)}";
    }
}
