namespace Treeline.Tests.Scopes;

public sealed class OutcomeTests : TreeTest
{
    [Fact]
    public void An_outcome_reads_as_what_happened()
    {
        Assert.Equal("Succeeded: 42", Outcome<int>.Succeeded(42).ToString());
        Assert.Equal("Failed: oops", Outcome<int>.Failed(new OopsException("oops")).ToString());
        Assert.Equal("Cancelled: cut", Outcome<int>.Cancelled(new OperationCanceledException("cut")).ToString());
    }
}
