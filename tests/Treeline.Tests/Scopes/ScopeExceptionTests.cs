namespace Treeline.Tests.Scopes;

public sealed class ScopeExceptionTests : TreeTest
{
    [Fact]
    public Task Its_message_names_the_scope_and_lists_each_failure_with_its_path() => InTime(async () =>
    {
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => TaskScope.RunAsync(
            async scope =>
            {
                ChildTask one = scope.Spawn(static _ => throw new OopsException("first"), "one");
                await Until(() => one.IsCompleted);
                ChildTask two = scope.Spawn(static _ => throw new InvalidOperationException("second"), "two");
                await Until(() => two.IsCompleted);
            },
            new ScopeOptions { Name = "scope", OnFailure = FailurePolicy.Supervise }));
        Assert.Equal(
            string.Join(
                Environment.NewLine,
                "2 failures in 'scope':",
                "  scope/one: OopsException: first",
                "  scope/two: InvalidOperationException: second"),
            thrown.Message);
        Assert.Equal("scope/one: OopsException: first", thrown.Failures[0].ToString());
        Assert.Same(thrown.Failures[0].Exception, thrown.InnerException);
    });
}
