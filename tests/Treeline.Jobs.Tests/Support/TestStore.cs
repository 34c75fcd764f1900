using System.Text.Json;

namespace Treeline.Jobs.Tests;

/// <summary>A store with its writer running and a clock of the test's own, without a server around it.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly TempDirectory? _directory;
    private readonly Task _writing;

    private TestStore(TempDirectory? directory, string file, ManualTimeProvider clock)
    {
        _directory = directory;
        Clock = clock;
        File = file;
        Store = JobStore.Open(file, clock, Events, Running);
        _writing = Task.Factory.StartNew(Store.Writer.Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public static TimeSpan Lease { get; } = TimeSpan.FromSeconds(30);

    public string File { get; }

    public ManualTimeProvider Clock { get; }

    public EventFeed Events { get; } = new();

    public RunningJobs Running { get; } = new();

    public JobStore Store { get; }

    public static TestStore Open()
    {
        var directory = new TempDirectory();
        return new TestStore(directory, directory.DataFile, new ManualTimeProvider());
    }

    /// <summary>A second store on the same file, as another process would open it.</summary>
    public TestStore OpenAnother() => new(null, File, Clock);

    public async Task<long> AddAsync(
        string type = "any", int maxAttempts = 3, int priority = 0, TimeSpan delay = default, string? args = null) =>
        (await Store.AddAsync([new NewJobRow(type, args, maxAttempts, priority, delay)], CancellationToken.None))[0];

    public async Task<IReadOnlyList<ClaimedJob>> ClaimAsync(int count = 100) => (await Store.ClaimAsync(count, Lease)).Jobs;

    public async Task<ClaimedJob> ClaimOneAsync() => Assert.Single(await ClaimAsync(1));

    public Job Find(long id) => Store.Find(id) ?? throw new InvalidOperationException($"There is no job {id}.");

    /// <summary>Counts the rows themselves, as a check on the counts that are kept.</summary>
    public Dictionary<JobState, long> CountRows() =>
        Store.List(null, null, 100_000).Jobs.GroupBy(job => job.State).ToDictionary(group => group.Key, group => group.LongCount());

    /// <summary>What the death of the process does: its lock is gone, its rows stay as they are.</summary>
    public void Die() => Store.Owner.Dispose();

    public async ValueTask DisposeAsync()
    {
        Store.Writer.Close();
        await _writing;
        Store.Dispose();
        _directory?.Dispose();
    }

    public static JsonElement Json(string text) => JsonElement.Parse(text);
}
