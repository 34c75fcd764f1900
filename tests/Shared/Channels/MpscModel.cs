using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Channels;

/// <summary>
/// What a channel of so many items does. The calls: <c>send</c> and <c>receive</c>, which wait; <c>try send</c>, <c>try receive</c>;
/// <c>end</c>, after which receiving gives <see cref="Over"/> when nothing is left. Items are digits and letters.
/// </summary>
internal sealed class MpscModel(int capacity, FullMode whenFull = FullMode.Wait) : SequentialModel<string>
{
    /// <summary>The result of a receive, for which nothing was left.</summary>
    public const string Over = "over";

    /// <summary>The result of a receive that did not wait, when there was nothing.</summary>
    public const string None = "none";

    // Stands behind the items when there will be no more.
    private const char End = '.';

    public override string Initial => string.Empty;

    public override bool TryApply(string state, Operation operation, out string next)
    {
        bool hasEnded = state.EndsWith(End);
        int count = hasEnded ? state.Length - 1 : state.Length;
        next = state;
        switch (operation.Name)
        {
            case "end":
                next = hasEnded ? state : state + End;
                return true;

            case "send":
                next = Put(state, $"{operation.Argument}");
                return !hasEnded && (whenFull != FullMode.Wait || count < capacity);

            case "try send":
                SendResult result = hasEnded ? SendResult.Closed
                    : count < capacity || whenFull == FullMode.DropOldest ? SendResult.Sent
                    : whenFull == FullMode.DropNewest ? SendResult.Dropped
                    : SendResult.Full;
                next = result == SendResult.Sent ? Put(state, $"{operation.Argument}") : state;
                return operation.IsPending || operation.Result is SendResult seen && seen == result;

            default:
                if (count == 0)
                {
                    return operation.Name == "receive"
                        ? hasEnded && (operation.IsPending || Equals(operation.Result, Over))
                        : operation.IsPending || Equals(operation.Result, None);
                }

                next = state[1..];
                return operation.IsPending || $"{operation.Result}" == state[..1];
        }
    }

    private string Put(string state, string item) => state.Length < capacity ? state + item
        : whenFull == FullMode.DropOldest ? state[1..] + item
        : state;
}
