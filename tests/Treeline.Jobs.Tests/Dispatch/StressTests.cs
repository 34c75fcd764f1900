using System.Collections.Concurrent;
using Xunit.Abstractions;

namespace Treeline.Jobs.Tests;

/// <remarks>Real time and real concurrency; only the outcome is looked at, never how long it took.</remarks>
public sealed class StressTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Two_servers_on_one_file_run_each_attempt_once_and_lose_nothing(int seed)
    {
        output.WriteLine($"seed {seed}");
        using var directory = new TempDirectory();
        var running = new ConcurrentDictionary<long, int>();
        var attempts = new ConcurrentDictionary<long, int>();
        int overlaps = 0;
        JobHandlers Handlers(int server) => new JobHandlers().Add("work", async (job, cancellationToken) =>
        {
            if (!running.TryAdd(job.JobId, server))
            {
                Interlocked.Increment(ref overlaps);
            }

            attempts.AddOrUpdate(job.JobId, 1, (_, n) => n + 1);
            try
            {
                for (long yields = job.JobId % 5; yields > 0; yields--)
                {
                    await Task.Yield();
                }

                return job.JobId % 7 == 0 && job.Attempt == 1 ? throw new IOException("first try") : (object?)server;
            }
            finally
            {
                running.TryRemove(job.JobId, out _);
            }
        });

        Task<JobServer> OpenAsync(int server) => JobServer.OpenAsync(new JobServerOptions
        {
            DataFile = directory.DataFile,
            Handlers = Handlers(server),
            Workers = 4,
            RetryBase = TimeSpan.FromMilliseconds(5),
        });
        await using JobServer first = await OpenAsync(1);
        await using JobServer second = await OpenAsync(2);
        Task<ShutdownReport>[] runs = [first.RunAsync(), second.RunAsync()];

        var random = new Random(seed);
        var ids = new List<long>();
        var cancelled = new HashSet<long>();
        while (ids.Count < 400)
        {
            NewJob[] jobs = [.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => new NewJob("work") { Priority = random.Next(3) })];
            ids.AddRange(await (random.Next(2) == 0 ? first : second).SubmitAsync(jobs));
            long victim = ids[random.Next(ids.Count)];
            if (await (random.Next(2) == 0 ? first : second).CancelAsync(victim) is CancelResult.Cancelled or CancelResult.Requested)
            {
                cancelled.Add(victim);
            }
        }

        Task overdue = Task.Delay(Deadline.Of);
        while (await first.CountAsync() is { Pending: > 0 } or { Running: > 0 } && !overdue.IsCompleted)
        {
            await Task.Delay(5);
        }

        JobCounts counts = await second.CountAsync();
        Assert.Equal((0, 0, 0, ids.Count), (counts.Pending, counts.Running, counts.Failed, counts.Succeeded + counts.Cancelled));
        Assert.Equal(0, overlaps);
        Assert.Equal(ids.Count, ids.Distinct().Count());
        foreach (long id in ids)
        {
            Job job = (await first.FindAsync(id))!;
            Assert.True(job.State == JobState.Succeeded || cancelled.Contains(id), $"job {id} is {job.State}");
            Assert.Equal(job.Attempts, attempts.GetValueOrDefault(id));
        }

        first.Stop();
        second.Stop();
        Assert.All(await Task.WhenAll(runs), report => Assert.True(report.Clean));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Servers_that_come_and_go_finish_every_job(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var directory = new TempDirectory();
        var done = new ConcurrentDictionary<long, bool>();
        JobHandlers handlers = new JobHandlers().Add("work", async (job, cancellationToken) =>
        {
            for (int i = 0; i < 20; i++)
            {
                await Task.Yield();
                cancellationToken.ThrowIfCancellationRequested();
            }

            done[job.JobId] = true;
            return null;
        });
        var options = new JobServerOptions { DataFile = directory.DataFile, Handlers = handlers, Workers = 4 };
        IReadOnlyList<long> ids;
        await using (JobServer server = await JobServer.OpenAsync(options))
        {
            ids = await server.SubmitAsync([.. Enumerable.Range(0, 300).Select(_ => new NewJob("work") { MaxAttempts = 1 })]);
        }

        JobCounts counts;
        int lives = 0;
        do
        {
            Assert.True(++lives < 300, "too many lives");
            await using JobServer server = await JobServer.OpenAsync(options);
            Task<ShutdownReport> run = server.RunAsync();
            int goal = random.Next(1, 40);
            int before = done.Count;
            Task overdue = Task.Delay(Deadline.Of);
            while (done.Count - before < goal && done.Count < ids.Count && !overdue.IsCompleted)
            {
                await Task.Yield();
            }

            server.Cancel("its time is over");
            Assert.True((await run).Clean);
            counts = await server.CountAsync();
            Assert.Equal(0, counts.Running);
        }
        while (counts.Pending > 0);

        output.WriteLine($"{lives} lives");
        Assert.Equal(new JobCounts(0, 0, ids.Count, 0, 0), counts);
        Assert.Equal(ids.Order(), done.Keys.Order());
    }
}
