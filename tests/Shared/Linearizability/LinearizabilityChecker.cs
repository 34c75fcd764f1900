using System.Text;

namespace Treeline.TestSupport.Linearizability;

/// <summary>
/// Whether what concurrent callers saw can be explained by some order of the calls, each at one moment between its beginning and
/// its end: Herlihy and Wing, "Linearizability" (TOPLAS 1990). The search is Wing and Gong's (1993) with Lowe's memory of
/// the configurations seen ("Testing for linearizability", 2017).
/// </summary>
internal static class LinearizabilityChecker
{
    // The calls that have taken effect are the bits of a word.
    private const int MaxOperations = 64;

    /// <summary>Throws, with the history, if no order explains it.</summary>
    /// <param name="history">What was seen. At most 64 calls that were not cancelled.</param>
    /// <param name="model">What the object is to do.</param>
    public static void Check<TState>(History history, SequentialModel<TState> model)
    {
        // A cancelled call has no effect: it explains nothing and needs no explanation.
        Operation[] operations = [.. history.Operations.Where(static each => !Equals(each.Result, Operation.Cancelled))];
        if (operations.Length > MaxOperations)
        {
            throw new ArgumentException($"The history has {operations.Length} calls, more than {MaxOperations}.", nameof(history));
        }

        var search = new Search<TState>(operations, model);
        if (!search.Explain(0, model.Initial))
        {
            throw new NotLinearizableException(search.Describe(history));
        }
    }

    private sealed class Search<TState>(Operation[] operations, SequentialModel<TState> model)
    {
        private readonly HashSet<(ulong Done, object Key)> _seen = [];
        private readonly List<Operation> _order = [];
        private List<Operation> _longest = [];

        public bool Explain(ulong done, TState state)
        {
            if (!_seen.Add((done, model.KeyOf(state))))
            {
                return false;
            }

            // Nothing may take effect after a call that has returned and has not taken effect yet.
            long until = long.MaxValue;
            bool allReturnedAreDone = true;
            for (int i = 0; i < operations.Length; i++)
            {
                if ((done & (1UL << i)) == 0 && !operations[i].IsPending)
                {
                    until = Math.Min(until, operations[i].Returned);
                    allReturnedAreDone = false;
                }
            }

            if (allReturnedAreDone)
            {
                return true;
            }

            for (int i = 0; i < operations.Length; i++)
            {
                Operation operation = operations[i];
                if ((done & (1UL << i)) != 0 || operation.Invoked > until || !model.TryApply(state, operation, out TState next))
                {
                    continue;
                }

                _order.Add(operation);
                if (_order.Count > _longest.Count)
                {
                    _longest = [.. _order];
                }

                if (Explain(done | (1UL << i), next))
                {
                    return true;
                }

                _order.RemoveAt(_order.Count - 1);
            }

            return false;
        }

        public string Describe(History history)
        {
            var text = new StringBuilder("No order of the calls explains what they gave. The history:").AppendLine();
            foreach (Operation operation in history.Operations)
            {
                text.Append("  ").Append(operation).AppendLine();
            }

            text.AppendLine("The longest order that explains some of it:");
            foreach (Operation operation in _longest)
            {
                text.Append("  ").Append(operation).AppendLine();
            }

            return text.ToString();
        }
    }
}
