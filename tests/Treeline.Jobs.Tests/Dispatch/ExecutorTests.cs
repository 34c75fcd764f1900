using System.Collections.Concurrent;

namespace Treeline.Jobs.Tests;

public sealed class ExecutorTests
{
    private readonly ConcurrentQueue<string?> _threads = [];

    private JobHandlers Handlers => new JobHandlers().Add("where", async (job, cancellationToken) =>
    {
        _threads.Enqueue(Thread.CurrentThread.Name);
        await Task.Run(() => { }, cancellationToken);
        _threads.Enqueue(Thread.CurrentThread.Name);
        return job.Attempt < 2 ? throw new InvalidOperationException("once more") : null;
    });

    [Fact]
    public async Task Jobs_begin_and_go_on_on_the_executor_of_the_options_one_after_the_other_and_when_tried_again()
    {
        await using Runtime runtime = Runtime.CreateBuilder().MultiThread(2).EnableAll().ThreadName("worker of the jobs").Build();
        await using TestServer server = await TestServer.StartAsync(Handlers, workers: 2, executor: runtime.Executor);

        await RunAsync(server, jobs: 20);

        Assert.Equal(80, _threads.Count);
        Assert.All(_threads, static name => Assert.StartsWith("worker of the jobs", name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_one_they_run_where_the_scope_around_runs_its_children()
    {
        await using Runtime runtime = Runtime.CreateBuilder().MultiThread(2).EnableAll().ThreadName("worker of the scope").Build();
        await TaskScope.RunAsync(
            async _ =>
            {
                await using TestServer server = await TestServer.StartAsync(Handlers, workers: 2);
                await RunAsync(server, jobs: 5);
            },
            new ScopeOptions { Executor = runtime.Executor });

        Assert.Equal(20, _threads.Count);
        Assert.All(_threads, static name => Assert.StartsWith("worker of the scope", name, StringComparison.Ordinal));
    }

    private static async Task RunAsync(TestServer server, int jobs)
    {
        var ids = new List<long>();
        for (int i = 0; i < jobs; i++)
        {
            ids.Add(await server.SubmitAsync("where"));
        }

        foreach (long id in ids)
        {
            await server.AdvanceUntilAsync(id, JobState.Succeeded, TimeSpan.FromSeconds(1));
        }
    }
}
