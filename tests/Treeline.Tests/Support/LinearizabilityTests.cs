using Treeline.TestSupport.Linearizability;

namespace Treeline.Tests;

/// <summary>The checker itself, with a register and a queue.</summary>
public sealed class LinearizabilityTests
{
    private readonly History _history = new();

    [Fact]
    public void Calls_one_after_the_other_are_explained_by_their_order()
    {
        Call("write", 1);
        Call("read", null, 1);
        Call("write", 2);
        Call("read", null, 2);
        LinearizabilityChecker.Check(_history, new Register());
    }

    [Fact]
    public void A_read_of_what_was_overwritten_before_it_began_is_not_explained()
    {
        Call("write", 1);
        Call("write", 2);
        Call("read", null, 1);
        NotLinearizableException thrown = Assert.Throws<NotLinearizableException>(
            () => LinearizabilityChecker.Check(_history, new Register()));
        Assert.Contains("read() = 1", thrown.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_read_beside_a_write_may_see_it_or_not(int seen)
    {
        Operation write = _history.Invoke("write", 1);
        Call("read", null, seen);
        _history.Return(write);
        LinearizabilityChecker.Check(_history, new Register());
    }

    [Fact]
    public void What_one_has_seen_the_next_cannot_unsee()
    {
        Operation write = _history.Invoke("write", 1);
        Call("read", null, 1);
        Call("read", null, 0);
        _history.Return(write);
        Assert.Throws<NotLinearizableException>(() => LinearizabilityChecker.Check(_history, new Register()));
    }

    [Fact]
    public void A_call_that_has_not_returned_may_have_taken_effect()
    {
        _history.Invoke("write", 1);
        Call("read", null, 0);
        Call("read", null, 1);
        LinearizabilityChecker.Check(_history, new Register());
    }

    [Fact]
    public void A_cancelled_call_has_had_no_effect()
    {
        _history.Return(_history.Invoke("write", 1), Operation.Cancelled);
        Call("read", null, 1);
        Assert.Throws<NotLinearizableException>(() => LinearizabilityChecker.Check(_history, new Register()));
    }

    [Fact]
    public void An_item_received_twice_is_not_explained()
    {
        Call("send", 1);
        Call("receive", null, 1);
        Call("receive", null, 1);
        Assert.Throws<NotLinearizableException>(() => LinearizabilityChecker.Check(_history, new Mailbox()));
    }

    [Fact]
    public void An_item_received_before_it_was_sent_is_not_explained()
    {
        Call("receive", null, 1);
        Call("send", 1);
        Assert.Throws<NotLinearizableException>(() => LinearizabilityChecker.Check(_history, new Mailbox()));
    }

    [Fact]
    public void Receivers_at_once_may_get_items_in_any_order()
    {
        Call("send", 1);
        Call("send", 2);
        Operation one = _history.Invoke("receive");
        Operation other = _history.Invoke("receive");
        _history.Return(one, 2);
        _history.Return(other, 1);
        LinearizabilityChecker.Check(_history, new Mailbox());
    }

    private void Call(string name, object? argument, object? result = null) =>
        _history.Return(_history.Invoke(name, argument), result);

    private sealed class Register : SequentialModel<int>
    {
        public override int Initial => 0;

        public override bool TryApply(int state, Operation operation, out int next)
        {
            next = operation.Name == "write" ? (int)operation.Argument! : state;
            return operation.Name == "write" || operation.IsPending || Equals(operation.Result, state);
        }
    }

    private sealed class Mailbox : SequentialModel<string>
    {
        public override string Initial => string.Empty;

        public override bool TryApply(string state, Operation operation, out string next)
        {
            if (operation.Name == "send")
            {
                next = state + operation.Argument;
                return true;
            }

            next = state.Length > 0 ? state[1..] : state;
            return state.Length > 0 && (operation.IsPending || $"{operation.Result}" == state[..1]);
        }
    }
}
