using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Channels;

/// <summary>
/// What a broadcast that keeps so many items does for receivers 0, 1, …, or a watch, which skips quietly. The calls:
/// <c>send</c>; <c>receive</c>, whose argument is the receiver; <c>end</c>.
/// </summary>
internal sealed class FanOutModel(int capacity, int receivers, bool skipsQuietly = false) : SequentialModel<string>
{
    /// <summary>The result of a receive when nothing more comes.</summary>
    public const string Over = "over";

    /// <summary>The state: how many were sent, whether that is all, and how many each receiver is past. Items are their numbers.</summary>
    public override string Initial => string.Join(' ', Enumerable.Repeat("0", receivers + 2));

    /// <summary>The result of a receive when so many were missed.</summary>
    public static string Lagged(long missed) => $"missed {missed}";

    public override bool TryApply(string state, Operation operation, out string next)
    {
        int[] numbers = [.. state.Split(' ').Select(int.Parse)];
        ref int sent = ref numbers[0];
        ref int hasEnded = ref numbers[1];
        bool can;
        switch (operation.Name)
        {
            case "send":
                // The items are numbered by the order in which the one sender sends them.
                can = hasEnded == 0 && operation.Argument is int number && number == sent;
                sent++;
                break;

            case "end":
                can = true;
                hasEnded = 1;
                break;

            default:
                ref int position = ref numbers[2 + (int)operation.Argument!];
                int missed = Math.Max(0, sent - capacity - position);
                position += missed;
                string? result = missed > 0 && !skipsQuietly ? Lagged(missed)
                    : position < sent ? $"{position++}"
                    : hasEnded != 0 ? Over
                    : null;
                can = result is not null && (operation.IsPending || $"{operation.Result}" == result);
                break;
        }

        next = string.Join(' ', numbers);
        return can;
    }
}
