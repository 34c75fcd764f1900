namespace Treeline.Jobs;

/// <summary>Where a job stands. The last three are final.</summary>
public enum JobState
{
    /// <summary>Waits for its time and a free worker; also between two attempts.</summary>
    Pending = 0,

    /// <summary>A worker holds its lease and runs it.</summary>
    Running = 1,

    /// <summary>Its handler returned.</summary>
    Succeeded = 2,

    /// <summary>Every attempt is used up; <see cref="Job.Error"/> says what the last one died of.</summary>
    Failed = 3,

    /// <summary>Somebody cancelled it before it was done.</summary>
    Cancelled = 4,
}
