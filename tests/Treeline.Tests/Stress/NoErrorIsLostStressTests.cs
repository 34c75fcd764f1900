using System.Collections.Concurrent;

namespace Treeline.Tests.Stress;

/// <summary>Line 4 of the contract, on real threads.</summary>
public sealed class NoErrorIsLostStressTests : ContractStress
{
    [Fact]
    public Task Whatever_is_thrown_at_once_surfaces_each_once() => InRounds(async random =>
    {
        var thrown = new ConcurrentBag<Exception>();
        int[] how = [.. Enumerable.Range(0, 6).Select(_ => random.Next(1_000))];
        Exception? surfaced = await ErrorOf(TaskScope.RunAsync(async scope =>
        {
            ChildTask[] children =
            [
                .. how.Select(own => scope.Spawn(async ct =>
                {
                    await DawdleAsync(own);
                    if (own % 2 == 0)
                    {
                        await ErrorOf(Task.Delay(1, ct)); // its cleanup fails
                    }

                    var failure = new OopsException($"{own}");
                    thrown.Add(failure);
                    throw failure;
                })),
            ];
            await children[random.Next(children.Length)];
        }));

        // Those that had not begun when the first one failed never did.
        Assert.NotEmpty(thrown);
        Assert.Equal(
            thrown.Select(static error => error.Message).Order(StringComparer.Ordinal),
            (surfaced is ScopeException several ? several.InnerExceptions : (IEnumerable<Exception>)[surfaced!])
                .Where(static error => error is OopsException)
                .Select(static error => error.Message)
                .Order(StringComparer.Ordinal));
    });
}
