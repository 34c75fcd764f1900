using System.Net.ServerSentEvents;
using System.Text.Json;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Client;

/// <summary>An open stream of the server's events, to wait for jobs with.</summary>
internal sealed class JobWatch : IDisposable
{
    private readonly JobClient _client;
    private readonly HttpResponseMessage _response;
    private readonly IAsyncEnumerator<SseItem<string>> _events;

    private JobWatch(JobClient client, HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> events)
    {
        _client = client;
        _response = response;
        _events = events;
    }

    /// <summary>Reads up to the first event, which says that the server listens on our behalf. Cancellation: nothing is
    /// open.</summary>
    public static async Task<JobWatch> OpenAsync(JobClient client, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        IAsyncEnumerator<SseItem<string>> events = SseParser.Create(stream).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        var watch = new JobWatch(client, response, events);
        await watch.NextAsync();
        return watch;
    }

    /// <summary>Waits until all of <paramref name="ids"/> have finished. Cancellation: the jobs go on.</summary>
    /// <exception cref="IOException">The server stopped before they had.</exception>
    public async Task WaitAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken)
    {
        var open = new HashSet<long>(ids);
        while (open.Count > 0)
        {
            SseItem<string> item = await NextAsync();
            switch (item.EventType)
            {
                case "job":
                    JobEventBody change = JsonSerializer.Deserialize(item.Data, WireJson.Instance.JobEventBody)!;
                    if (IsFinal(change.State))
                    {
                        open.Remove(change.Id);
                    }

                    break;
                case "lagged":
                    // Some events are gone, and ours may be among them.
                    await AskAsync(open, cancellationToken);
                    break;
            }
        }
    }

    public void Dispose() => _response.Dispose();

    private static bool IsFinal(JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled;

    private async Task AskAsync(HashSet<long> open, CancellationToken cancellationToken)
    {
        foreach (long id in open.ToArray())
        {
            string answer = await _client.ShowAsync(id, cancellationToken);
            if (IsFinal(JsonSerializer.Deserialize(answer, WireJson.Instance.Job)!.State))
            {
                open.Remove(id);
            }
        }
    }

    private async ValueTask<SseItem<string>> NextAsync() =>
        await _events.MoveNextAsync()
            ? _events.Current
            : throw new IOException("the server stopped; its jobs go on when it runs again");
}
