namespace Treeline.Tests.BeforeAndAfter;

/// <summary>Bug 1 of docs/before-and-after.md: one call fails, and the other, whose result nobody wants any more, runs on.</summary>
public sealed class SiblingKeepsRunningTests : TreeTest
{
    private interface IApi
    {
        public Task<string> UserAsync(int id, CancellationToken ct);

        public Task<string[]> OrdersAsync(int id, CancellationToken ct);
    }

    [Fact]
    public Task Before_the_caller_has_the_error_and_the_other_call_still_runs() => InTime(async () =>
    {
        var api = new Api();
        await Assert.ThrowsAsync<OopsException>(() => LoadAsync(api, 7, CancellationToken.None));
        Assert.False(api.OrdersCall.IsCompleted);

        api.Answer.SetResult();
        await api.OrdersCall;

        static async Task<(string, string[])> LoadAsync(IApi api, int id, CancellationToken ct)
        {
            Task<string> user = api.UserAsync(id, ct);
            Task<string[]> orders = api.OrdersAsync(id, ct);
            return (await user, await orders);   // when user fails, nobody waits for orders
        }
    });

    [Fact]
    public Task Before_WhenAll_waits_for_it_and_does_not_cancel_it() => InTime(async () =>
    {
        var api = new Api();
        Task<string> user = api.UserAsync(7, CancellationToken.None);
        Task<string[]> orders = api.OrdersAsync(7, CancellationToken.None);
        Task both = Task.WhenAll(user, orders);
        await Assert.ThrowsAsync<OopsException>(() => user);
        Assert.False(both.IsCompleted);

        api.Answer.SetResult();
        await Assert.ThrowsAsync<OopsException>(() => both);
        Assert.True(orders.IsCompletedSuccessfully);
    });

    [Fact]
    public Task After_the_other_call_is_cancelled_and_has_ended_when_the_error_comes() => InTime(async () =>
    {
        var api = new Api();
        await Assert.ThrowsAsync<OopsException>(() => LoadAsync(api, 7, CancellationToken.None));
        Assert.True(api.OrdersCall.IsCanceled);

        static Task<(string, string[])> LoadAsync(IApi api, int id, CancellationToken ct) =>
            TaskScope.RunAsync(async scope =>
            {
                ChildTask<string> user = scope.Spawn(ct => api.UserAsync(id, ct));
                ChildTask<string[]> orders = scope.Spawn(ct => api.OrdersAsync(id, ct));
                return (await user, await orders);
            }, ct);
    });

    /// <summary>Has no such user, which it finds out while the orders are on their way.</summary>
    private sealed class Api : IApi
    {
        private readonly TaskCompletionSource _ordersCalled = Signal();

        public TaskCompletionSource Answer { get; } = Signal();

        public Task<string[]> OrdersCall { get; private set; } = null!;

        public async Task<string> UserAsync(int id, CancellationToken ct)
        {
            await _ordersCalled.Task;
            throw new OopsException($"There is no user {id}.");
        }

        public Task<string[]> OrdersAsync(int id, CancellationToken ct)
        {
            OrdersCall = AnswerAsync(ct);
            _ordersCalled.SetResult();
            return OrdersCall;
        }

        private async Task<string[]> AnswerAsync(CancellationToken ct)
        {
            await Answer.Task.WaitAsync(ct);
            return [];
        }
    }
}
