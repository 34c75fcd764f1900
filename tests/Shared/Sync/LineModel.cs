using System.Collections.Immutable;
using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Sync;

/// <summary>A semaphore in whose line nobody passes anybody; with one permit, a mutex.</summary>
internal sealed class LineModel(int permits) : SequentialModel<LineModel.State>
{
    public override State Initial => new(permits, [], []);

    public override bool TryApply(State state, Operation operation, out State next)
    {
        next = state;
        switch (operation.Name)
        {
            case "come":
                var coming = ((int Id, object Count))operation.Argument!;
                next = (state with { Line = state.Line.Add((coming.Id, (int)coming.Count)) }).Serve();
                return true;

            case "wait" when operation.Result is true:
                return state.Held.ContainsKey((int)operation.Argument!);

            case "wait":
                int gone = state.Line.FindIndex(each => each.Id == (int)operation.Argument!);
                next = gone < 0 ? state : (state with { Line = state.Line.RemoveAt(gone) }).Serve();
                return gone >= 0;

            case "try":
                var trying = ((int Id, object Count))operation.Argument!;
                bool can = state.Line.IsEmpty && state.Available >= (int)trying.Count;
                next = can ? (state with { Line = [(trying.Id, (int)trying.Count)] }).Serve() : state;
                return operation.Result is bool taken && taken == can;

            case "release":
                int id = (int)operation.Argument!;
                if (!state.Held.TryGetValue(id, out int held))
                {
                    return false;
                }

                next = (state with { Available = state.Available + held, Held = state.Held.Remove(id) }).Serve();
                return true;

            default:
                throw new ArgumentException($"No such call: {operation}.", nameof(operation));
        }
    }

    public override object KeyOf(State state) => state.ToString();

    internal sealed record State(int Available, ImmutableList<(int Id, int Count)> Line, ImmutableSortedDictionary<int, int> Held)
    {
        public State(int available, (int Id, int Count)[] line, (int Id, int Count)[] held)
            : this(available, [.. line], held.ToImmutableSortedDictionary(static each => each.Id, static each => each.Count))
        {
        }

        public State Serve()
        {
            State state = this;
            while (state.Line is [(int id, int count), ..] && count <= state.Available)
            {
                state = new State(state.Available - count, state.Line.RemoveAt(0), state.Held.Add(id, count));
            }

            return state;
        }

        public override string ToString() => $"{Available}; line {string.Join(' ', Line)}; held {string.Join(' ', Held)}";
    }
}
