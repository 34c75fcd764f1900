namespace Treeline.App.Tests.Processes;

/// <summary>Tests that measure: nothing else runs beside them.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
