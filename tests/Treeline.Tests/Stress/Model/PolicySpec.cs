namespace Treeline.Tests.Stress.Model;

/// <summary>Which failure policy a scope has.</summary>
internal enum PolicySpec
{
    FailFast,
    Supervise,
    CollectAll,
    FirstSuccess,
    QuorumOfTwo,
}
