namespace Treeline.Jobs.Tests;

/// <summary>A directory that is gone after the test.</summary>
internal sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("treeline-jobs-").FullName;

    /// <summary>Where a test's jobs are kept.</summary>
    public string DataFile => File("jobs.db");

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
