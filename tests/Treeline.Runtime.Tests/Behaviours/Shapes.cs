namespace Treeline.Tests.Behaviours;

/// <summary>The kinds of runtime that a behaviour is to hold on.</summary>
public static class Shapes
{
    private const string CurrentThread = "current thread";
    private const string OneWorker = "one worker";
    private const string TwoWorkers = "two workers";
    private const string ThreadPerCore = "thread per core";

    public static TheoryData<string> All => [CurrentThread, OneWorker, TwoWorkers, ThreadPerCore];

    /// <summary>Those where one thread runs everything, so that turns can be counted.</summary>
    public static TheoryData<string> WithOneWorker => [CurrentThread, OneWorker, ThreadPerCore];

    /// <summary>Those whose threads run without anybody who blocks on them.</summary>
    public static TheoryData<string> WithThreads => [OneWorker, TwoWorkers, ThreadPerCore];

    public static RuntimeBuilder Builder(string shape) => shape switch
    {
        CurrentThread => Runtime.CreateBuilder().CurrentThread().EnableAll(),
        OneWorker => Runtime.CreateBuilder().MultiThread(1).EnableAll(),
        TwoWorkers => Runtime.CreateBuilder().MultiThread(2).EnableAll(),
        ThreadPerCore => Runtime.CreateBuilder().ThreadPerCore(1).EnableAll(),
        _ => throw new ArgumentOutOfRangeException(nameof(shape)),
    };

    public static Runtime Build(string shape) => Builder(shape).Build();
}
