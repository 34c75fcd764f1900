using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Channels;

/// <summary>
/// What a oneshot does. The calls: <c>send</c>, which gives whether it was sent; <c>receive</c>, which waits; <c>drop sender</c>,
/// <c>drop receiver</c>.
/// </summary>
internal sealed class OneshotModel : SequentialModel<(bool HasSent, bool IsFull, bool NoSender, bool NoReceiver)>
{
    /// <summary>The result of a receive that gets nothing any more.</summary>
    public const string Over = "over";

    public override (bool HasSent, bool IsFull, bool NoSender, bool NoReceiver) Initial => default;

    public override bool TryApply(
        (bool HasSent, bool IsFull, bool NoSender, bool NoReceiver) state,
        Operation operation,
        out (bool HasSent, bool IsFull, bool NoSender, bool NoReceiver) next)
    {
        next = state;
        switch (operation.Name)
        {
            case "send":
                bool sent = !state.NoReceiver;
                next = sent ? state with { HasSent = true, IsFull = true } : state;
                return operation.IsPending || Equals(operation.Result, sent);
            case "drop sender":
                next.NoSender = true;
                return true;
            case "drop receiver":
                next.NoReceiver = true;
                next.IsFull = false;
                return true;
            default:
                next.IsFull = false;
                return operation.IsPending
                    || (state.IsFull ? Equals(operation.Result, 1)
                        : Equals(operation.Result, Over) && (state.HasSent || state.NoSender || state.NoReceiver));
        }
    }
}
