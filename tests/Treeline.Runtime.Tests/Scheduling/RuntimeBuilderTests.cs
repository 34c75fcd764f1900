namespace Treeline.Tests.Scheduling;

/// <summary>What a builder refuses, and what it makes.</summary>
public sealed class RuntimeBuilderTests
{
    [Fact]
    public void Numbers_must_be_positive()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Runtime.CreateBuilder().MultiThread(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Runtime.CreateBuilder().ThreadPerCore(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Runtime.CreateBuilder().MaxBlockingThreads(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Runtime.CreateBuilder().ShutdownPatience(TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => Runtime.CreateBuilder().OnSlowPoll(TimeSpan.Zero, static _ => { }));
    }

    [Fact]
    public void Names_and_hooks_must_be_there()
    {
        Assert.Throws<ArgumentException>(() => Runtime.CreateBuilder().Name(" "));
        Assert.Throws<ArgumentException>(() => Runtime.CreateBuilder().ThreadName(string.Empty));
        Assert.Throws<ArgumentNullException>(() => Runtime.CreateBuilder().OnThreadStart(null!));
        Assert.Throws<ArgumentNullException>(() => Runtime.CreateBuilder().OnSlowPoll(TimeSpan.FromSeconds(1), null!));
    }

    [Theory]
    [InlineData(DriverKind.Epoll, "epoll")]
    [InlineData(DriverKind.Portable, "portable")]
    public void The_driver_is_the_one_that_was_asked_for(DriverKind kind, string name)
    {
        using Runtime runtime = Runtime.CreateBuilder().UseDriver(kind).Build();
        Assert.Equal(name, runtime.Metrics.Driver);
        Assert.Null(runtime.Metrics.DriverNote);
    }

    [Fact]
    public void There_are_as_many_workers_as_were_asked_for()
    {
        using Runtime several = Runtime.CreateBuilder().MultiThread(3).Build();
        using Runtime one = Runtime.CreateBuilder().CurrentThread().Build();
        using Runtime cores = Runtime.CreateBuilder().ThreadPerCore(2).Build();
        Assert.Equal(3, several.Metrics.Workers.Count);
        Assert.Single(several.Executors);
        Assert.Single(one.Metrics.Workers);
        Assert.Equal(2, cores.Metrics.Workers.Count);
        Assert.Equal(2, cores.Executors.Distinct().Count());
    }

    [Fact]
    public void A_builder_can_build_again()
    {
        RuntimeBuilder builder = Runtime.CreateBuilder().CurrentThread().Name("first");
        using Runtime first = builder.Build();
        using Runtime second = builder.Name("second").Build();
        Assert.StartsWith("first", first.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("second", second.ToString(), StringComparison.Ordinal);
    }
}
