namespace Treeline.App.Server;

/// <summary>What the server writes to its log.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Debug, Message = "Listening on {Urls}; jobs are kept in {DataFile}")]
    public static partial void Started(this ILogger log, IReadOnlyList<string> urls, string dataFile);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning,
        Message = "Listening on {Url}: whoever can reach it can submit jobs, for there is no login")]
    public static partial void ListensToNetwork(this ILogger log, string url);

    [LoggerMessage(EventId = 3, Level = LogLevel.Debug, Message = "{Signal}: stopping")]
    public static partial void SoftStop(this ILogger log, string signal);

    [LoggerMessage(EventId = 4, Level = LogLevel.Debug, Message = "{Signal} again: cancelling")]
    public static partial void HardStop(this ILogger log, string signal);

    [LoggerMessage(EventId = 5, Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    public static partial void RequestFailed(this ILogger log, string method, string path, Exception error);

    [LoggerMessage(EventId = 6, Level = LogLevel.Debug, Message = "Stopped; clean: {Clean}")]
    public static partial void Stopped(this ILogger log, bool clean);

    [LoggerMessage(EventId = 7, Level = LogLevel.Debug, Message = "Jobs run on {Runtime}, which waits in {Driver}")]
    public static partial void RunsOn(this ILogger log, Runtime runtime, string driver);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "The runtime waits in {Driver}: {Note}")]
    public static partial void OtherDriver(this ILogger log, string driver, string note);

    [LoggerMessage(EventId = 9, Level = LogLevel.Warning, Message = "{SlowPoll}")]
    public static partial void SlowPoll(this ILogger log, SlowPoll slowPoll);
}
