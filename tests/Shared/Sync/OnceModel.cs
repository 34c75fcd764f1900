using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Sync;

/// <summary>
/// A value that is set once, or made by one at a time: <c>begin</c> and <c>end</c> are what makes it taking the turn and giving
/// it back, with the value, or null for a failure.
/// </summary>
internal sealed class OnceModel : SequentialModel<(int? Value, int? Runner)>
{
    public override (int? Value, int? Runner) Initial => (null, null);

    public override bool TryApply((int? Value, int? Runner) state, Operation operation, out (int? Value, int? Runner) next)
    {
        next = state;
        bool isIdle = state is (null, null);
        switch (operation.Name)
        {
            case "get":
                return state.Value is { } value && value.Equals(operation.Result);

            case "set":
                next = isIdle ? ((int)operation.Argument!, null) : state;
                return operation.Result is bool set && set == isIdle;

            case "begin":
                next = (null, (int)operation.Argument!);
                return isIdle;

            case "end":
                var (id, made) = ((int Id, int? Made))operation.Argument!;
                next = (made, null);
                return state.Runner == id;

            default:
                throw new ArgumentException($"No such call: {operation}.", nameof(operation));
        }
    }
}
