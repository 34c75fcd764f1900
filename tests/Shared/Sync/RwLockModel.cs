using System.Collections.Immutable;
using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Sync;

/// <summary>
/// A read-write lock in which phases of reading and of writing take turns while both wait. What is asked for: true to write.
/// </summary>
internal sealed class RwLockModel : SequentialModel<RwLockModel.State>
{
    public override State Initial => new([], [], [], null);

    public override bool TryApply(State state, Operation operation, out State next)
    {
        next = state;
        switch (operation.Name)
        {
            case "come" or "try":
                var coming = ((int Id, object Writes))operation.Argument!;
                bool writes = coming.Writes is true;
                bool can = writes ? state.IsFree : state.Writer is null && state.Writers.IsEmpty;
                next = can ? state.Admit(coming.Id, writes)
                    : operation.Name == "try" ? state
                    : writes ? state with { Writers = state.Writers.Add(coming.Id) }
                    : state with { Readers = state.Readers.Add(coming.Id) };
                return operation.Name == "come" || (operation.Result is bool taken && taken == can);

            case "wait" when operation.Result is true:
                return state.Reading.Contains((int)operation.Argument!) || state.Writer == (int)operation.Argument!;

            case "wait":
                int gone = (int)operation.Argument!;
                next = (state with { Writers = state.Writers.Remove(gone), Readers = state.Readers.Remove(gone) }).Join();
                return state.Writers.Contains(gone) || state.Readers.Contains(gone);

            case "release":
                int id = (int)operation.Argument!;
                if (state.Writer == id)
                {
                    state = state with { Writer = null };
                    next = state.Readers.IsEmpty ? state.AdmitWriter() : state.AdmitReaders();
                    return true;
                }

                next = state with { Reading = state.Reading.Remove(id) };
                next = next.Reading.IsEmpty ? next.AdmitWriter() : next;
                return state.Reading.Contains(id);

            default:
                throw new ArgumentException($"No such call: {operation}.", nameof(operation));
        }
    }

    public override object KeyOf(State state) => state.ToString();

    internal sealed record State(ImmutableList<int> Writers, ImmutableSortedSet<int> Readers, ImmutableSortedSet<int> Reading, int? Writer)
    {
        public bool IsFree => Writer is null && Reading.IsEmpty;

        public State Admit(int id, bool writes) => writes ? this with { Writer = id } : this with { Reading = Reading.Add(id) };

        public State AdmitReaders() => this with { Reading = Reading.Union(Readers), Readers = [] };

        public State AdmitWriter() => Writers is [int first, ..] ? this with { Writer = first, Writers = Writers.RemoveAt(0) } : this;

        /// <summary>Readers only wait behind a writer.</summary>
        public State Join() => Writer is null && Writers.IsEmpty ? AdmitReaders() : this;

        public override string ToString() =>
            $"writers {string.Join(' ', Writers)}; readers {string.Join(' ', Readers)}; {Writer}; reading {string.Join(' ', Reading)}";
    }
}
