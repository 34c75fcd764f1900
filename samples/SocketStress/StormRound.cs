using Treeline;

namespace SocketStress;

/// <summary>A storm over a runtime of its own, which must leave nothing behind when it is shut down.</summary>
internal static class StormRound
{
    /// <summary>Blocks the calling thread, which is nobody's worker.</summary>
    /// <param name="weather">Which runtime.</param>
    /// <param name="seed">What happens is drawn from it; when it happens is not.</param>
    /// <param name="duration">How long new conversations are begun.</param>
    /// <returns>The storm, which is over.</returns>
    public static Storm Run(Weather weather, int seed, TimeSpan duration)
    {
        // What a process buys once, when it first talks over sockets, is no leak.
        Play(weather, seed, TimeSpan.FromMilliseconds(200));
        Holdings before = Holdings.Now();
        Storm storm = Play(weather, seed, duration);
        before.CheckNothingIsLeft();
        return storm;
    }

    private static Storm Play(Weather weather, int seed, TimeSpan duration)
    {
        RuntimeBuilder builder = Runtime.CreateBuilder().EnableAll();
        using Runtime runtime = (weather switch
        {
            Weather.MultiThread => builder.MultiThread(2),
            Weather.CurrentThread => builder.CurrentThread(),
            Weather.ThreadPerCore => builder.ThreadPerCore(2),
            Weather.Portable => builder.MultiThread(2).UseDriver(DriverKind.Portable),
            _ => throw new ArgumentOutOfRangeException(nameof(weather)),
        }).Build();
        var storm = new Storm(seed, duration);
        runtime.BlockOn(async scope => await storm.RunAsync(runtime.Executors, scope.Token));
        return storm;
    }
}
