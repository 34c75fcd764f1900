namespace Treeline.Testing.Tests.Contract;

/// <summary>Line 4 of the contract, under many schedules.</summary>
public sealed class NoErrorIsLostSchedules
{
    [Fact]
    public void Whatever_fails_in_whatever_order_surfaces_once_and_in_that_order() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var thrown = new List<Exception>();
            Exception? surfaced = await Schedules.ErrorOf(TaskScope.RunAsync(async scope =>
            {
                ChildTask first = default;
                for (int i = 0; i < 4; i++)
                {
                    bool cleanup = i > 1;
                    ChildTask child = scope.Spawn(async ct =>
                    {
                        await run.DawdleAsync();
                        try
                        {
                            if (cleanup)
                            {
                                await Task.Delay(Timeout.InfiniteTimeSpan, run.Time, ct);
                            }
                        }
                        catch (OperationCanceledException)
                        {
                            await run.DawdleAsync();
                        }

                        throw Failure();
                    });
                    first = i == 0 ? child : first;
                }

                await first; // rethrown by the body: not reported twice
            }));

            // Those that had not begun when the first one failed never did.
            Assert.NotEmpty(thrown);
            Assert.Equal(thrown, surfaced is ScopeException several ? several.InnerExceptions : [surfaced!]);

            OopsException Failure()
            {
                var failure = new OopsException($"number {thrown.Count}");
                thrown.Add(failure);
                return failure;
            }
        });
}
